"""Layouts of published networks, written from their papers, at any width and image size.

The functions return a `Writer`.
"""

from .writer import Word, Writer


def _lrn(net, name, size=5, alpha=1e-4, beta=0.75):
    net.layer(name, "LRN", lrn_param={"local_size": size, "alpha": alpha, "beta": beta})


def _softmax(net):
    net.layer("prob", "Softmax")
    return net


def alexnet(size=227, width=1.0, classes=1000, *, pool_first=False):
    """Krizhevsky et al. (2012); CaffeNet pools before it normalizes."""
    n = [round(width * filters) for filters in (96, 256, 384, 384, 256, 4096)]
    net = Writer(1, 3, size, size, name="CaffeNet" if pool_first else "AlexNet")
    net.conv("conv1", n[0], 11, stride=4)
    for i in (1, 2):
        if i == 2:
            net.conv("conv2", n[1], 5, pad=2, group=2)
        if pool_first:
            net.pool(f"pool{i}", 3, 2)
        _lrn(net, f"norm{i}")
        if not pool_first:
            net.pool(f"pool{i}", 3, 2)
    net.conv("conv3", n[2], 3, pad=1)
    net.conv("conv4", n[3], 3, pad=1, group=2)
    net.conv("conv5", n[4], 3, pad=1, group=2)
    net.pool("pool5", 3, 2)
    net.fc("fc6", n[5], relu=True, dropout=True)
    net.fc("fc7", n[5], relu=True, dropout=True)
    net.fc("fc8", classes)
    return _softmax(net)


def caffenet(size=227, width=1.0, classes=1000):
    """The variant of AlexNet that is distributed with Caffe."""
    return alexnet(size, width, classes, pool_first=True)


def vgg(depth=16, size=224, width=1.0, classes=1000):
    """Simonyan and Zisserman (2014), configurations D and E."""
    repeats = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}[depth]
    net = Writer(1, 3, size, size, name=f"VGG-{depth}")
    for stage, (count, filters) in enumerate(
        zip(repeats, (64, 128, 256, 512, 512), strict=True), start=1
    ):
        for i in range(1, count + 1):
            net.conv(f"conv{stage}_{i}", round(width * filters), 3, pad=1)
        net.pool(f"pool{stage}", 2, 2)
    for name in ("fc6", "fc7"):
        net.fc(name, round(width * 4096), relu=True, dropout=True)
    net.fc("fc8", classes)
    return _softmax(net)


INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5 and pool proj of Table 1 in the paper."""


def googlenet(size=224, width=1.0, classes=1000, *, modules=tuple(INCEPTIONS)):
    """Szegedy et al. (2014), without the auxiliary outputs."""

    def scaled(n):
        return max(1, round(width * n))

    net = Writer(1, 3, size, size, name="GoogLeNet")
    net.conv("conv1/7x7_s2", scaled(64), 7, pad=3, stride=2)
    net.pool("pool1/3x3_s2", 3, 2)
    _lrn(net, "pool1/norm1")
    net.conv("conv2/3x3_reduce", scaled(64), 1)
    net.conv("conv2/3x3", scaled(192), 3, pad=1)
    _lrn(net, "conv2/norm2")
    net.pool("pool2/3x3_s2", 3, 2)
    for place in modules:
        if place in ("4a", "5a"):
            net.pool(f"pool{int(place[0]) - 1}/3x3_s2", 3, 2)
        before, name = net.last, f"inception_{place}"
        one, reduce3, three, reduce5, five, proj = map(scaled, INCEPTIONS[place])
        tops = [net.conv(f"{name}/1x1", one, 1, bottom=before)]
        net.conv(f"{name}/3x3_reduce", reduce3, 1, bottom=before)
        tops.append(net.conv(f"{name}/3x3", three, 3, pad=1))
        net.conv(f"{name}/5x5_reduce", reduce5, 1, bottom=before)
        tops.append(net.conv(f"{name}/5x5", five, 5, pad=2))
        net.pool(f"{name}/pool", 3, 1, bottom=before, pad=1)
        tops.append(net.conv(f"{name}/pool_proj", proj, 1))
        net.layer(f"{name}/output", "Concat", tops)
    last = -(-size // (8 * 2 ** len({place[0] for place in modules} - {"3"})))
    net.pool(f"pool5/{last}x{last}_s1", last, 1, "AVE")
    net.layer("pool5/drop", "Dropout", top=net.last, dropout_param={"dropout_ratio": 0.4})
    net.fc("loss3/classifier", classes)
    return _softmax(net)


def squeezenet(version="1.1", size=227, width=1.0, classes=1000, *, last=9):
    """Iandola et al. (2016)."""

    def scaled(n):
        return max(1, round(width * n))

    net = Writer(1, 3, size, size, name=f"SqueezeNet {version}")
    first, pools = {"1.0": ((96, 7), (4, 8)), "1.1": ((64, 3), (3, 5))}[version]
    net.conv("conv1", scaled(first[0]), first[1], stride=2)
    net.pool("pool1", 3, 2)
    for i in range(2, last + 1):
        squeeze, name = 16 * (i // 2), f"fire{i}"
        before = net.conv(f"{name}/squeeze1x1", scaled(squeeze), 1)
        tops = [
            net.conv(f"{name}/expand1x1", scaled(4 * squeeze), 1, bottom=before),
            net.conv(f"{name}/expand3x3", scaled(4 * squeeze), 3, pad=1, bottom=before),
        ]
        net.layer(f"{name}/concat", "Concat", tops)
        if i in pools:
            net.pool(f"pool{i}", 3, 2)
    net.layer("drop9", "Dropout", top=net.last)
    net.conv("conv10", classes, 1)
    net.global_pool("pool10")
    return _softmax(net)


def resnet50(size=224, width=1.0, classes=1000, *, blocks=(3, 4, 6, 3)):
    """He et al. (2015), whose normalization and scale are two layers in Caffe."""

    def conv(name, filters, window, *, relu=True, bottom=None, **param):
        filters = max(1, round(width * filters))
        net.conv(name, filters, window, relu=False, bias=False, bottom=bottom, **param)
        tail = name.removeprefix("res")
        global_stats = {"use_global_stats": True}
        net.layer(f"bn{tail}", "BatchNorm", top=name, batch_norm_param=global_stats)
        net.layer(f"scale{tail}", "Scale", top=name, scale_param={"bias_term": True})
        if relu:
            net.layer(f"{name}_relu", "ReLU", top=name)
        return name

    net = Writer(1, 3, size, size, name="ResNet-50")
    conv("conv1", 64, 7, pad=3, stride=2)
    before = net.pool("pool1", 3, 2)
    for stage, (count, filters) in enumerate(
        zip(blocks, (64, 128, 256, 512), strict=False), start=2
    ):
        for block in "abcdef"[:count]:
            name, stride = f"res{stage}{block}", 2 if block == "a" and stage > 2 else 1
            short = before
            if block == "a":
                options = {"relu": False, "bottom": before, "stride": stride}
                short = conv(f"{name}_branch1", 4 * filters, 1, **options)
            conv(f"{name}_branch2a", filters, 1, bottom=before, stride=stride)
            conv(f"{name}_branch2b", filters, 3, pad=1)
            deep = conv(f"{name}_branch2c", 4 * filters, 1, relu=False)
            sum_ = {"operation": Word("SUM")}
            before = net.layer(name, "Eltwise", [short, deep], eltwise_param=sum_)
            net.layer(f"{name}_relu", "ReLU", top=name)
    last = -(-size // 2 ** (len(blocks) + 1))
    net.pool("pool5", last, 1, "AVE")
    net.fc(f"fc{classes}", classes)
    return _softmax(net)
