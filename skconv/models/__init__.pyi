from .alexnet import alexnet
from .caffe import CaffeSchedule, from_caffe, from_caffe_solver
from .convnext import convnext
from .default import default
from .densenet import densenet
from .efficientnet import efficientnet
from .embed_columns import embed_columns
from .finetune import finetune
from .googlenet import googlenet
from .lenet import lenet5
from .load import load
from .mobilenet import mobilenet_v2
from .onnx import from_onnx
from .pretrained import Pretrained
from .resnet import resnet
from .squeezenet import squeezenet
from .vgg import vgg
from .vit import vit

__all__ = [
    "CaffeSchedule",
    "Pretrained",
    "alexnet",
    "convnext",
    "default",
    "densenet",
    "efficientnet",
    "embed_columns",
    "finetune",
    "from_caffe",
    "from_caffe_solver",
    "from_onnx",
    "googlenet",
    "lenet5",
    "load",
    "mobilenet_v2",
    "resnet",
    "squeezenet",
    "vgg",
    "vit",
]
