from skconv.models import googlenet, resnet
from skconv.models.torch.targets import targets_of


def test_targets_are_the_nodes_of_the_network(built):
    for made in (resnet(50), googlenet(aux=True)):
        targets, outputs = targets_of(made)
        network = built(made)
        assert {one.name: (type(one.layer), one.incomings, list(one.specs)) for one in targets} == {
            node.name: (type(node.layer), node.incomings, list(node.specs))
            for node in network.nodes
        }
        assert set(outputs) == {head.name for head in network.heads}
