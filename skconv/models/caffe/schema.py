"""The messages of Caffe's text files, built for protobuf when they are needed."""

from __future__ import annotations

import functools
from typing import Any

from ...utils.optional import import_optional

ENUMS = {
    "Phase": "TRAIN TEST",
    "Pool": "MAX AVE STOCHASTIC",
    "Operation": "PROD SUM MAX",
    "Region": "ACROSS_CHANNELS WITHIN_CHANNEL",
    "Rounding": "CEIL FLOOR",
    "Engine": "DEFAULT CAFFE CUDNN",
    "Variance": "FAN_IN FAN_OUT AVERAGE",
    "Sharing": "STRICT PERMISSIVE",
    "Backend": "LEVELDB LMDB",
    "Norm": "L1 L2",
    "Normalization": "FULL VALID BATCH_SIZE NONE",
    "SnapshotFormat": "HDF5 BINARYPROTO",
    "SolverMode": "CPU GPU",
    "SolverType": "SGD NESTEROV ADAGRAD RMSPROP ADADELTA ADAM",
    "V1Type": (
        "NONE ACCURACY BNLL CONCAT CONVOLUTION DATA DROPOUT EUCLIDEAN_LOSS FLATTEN HDF5_DATA "
        "HDF5_OUTPUT IM2COL IMAGE_DATA INFOGAIN_LOSS INNER_PRODUCT LRN MULTINOMIAL_LOGISTIC_LOSS "
        "POOLING RELU SIGMOID SOFTMAX SOFTMAX_LOSS SPLIT TANH WINDOW_DATA ELTWISE POWER "
        "SIGMOID_CROSS_ENTROPY_LOSS HINGE_LOSS MEMORY_DATA ARGMAX THRESHOLD DUMMY_DATA SLICE MVN "
        "ABSVAL SILENCE CONTRASTIVE_LOSS EXP DECONVOLUTION"
    ),
}
"""Values of enumerations, numbered from 0."""

WINDOW = "pad:int* kernel_size:int* stride:int* pad_h:int pad_w:int kernel_h:int kernel_w:int "
WINDOW += "stride_h:int stride_w:int engine:Engine "

FILES = "source:string batch_size:int rand_skip:int scale:float mean_file:string crop_size:int "
FILES += "mirror:bool "

PARAMETERS = {
    "accuracy": "top_k:int axis:int ignore_label:int",
    "argmax": "out_max_val:bool top_k:int axis:int",
    "batch_norm": "use_global_stats:bool moving_average_fraction:float=0.999 eps:float=1e-05",
    "bias": "axis:int=1 num_axes:int=1 filler:Filler",
    "clip": "min:float max:float",
    "concat": "axis:int=1 concat_dim:int=1",
    "contrastive_loss": "margin:float legacy_version:bool",
    "convolution": WINDOW + "num_output:int bias_term:bool=true dilation:int* group:int=1 "
    "weight_filler:Filler bias_filler:Filler axis:int=1 force_nd_im2col:bool",
    "crop": "axis:int=2 offset:int*",
    "data": FILES + "backend:Backend force_encoded_color:bool prefetch:int",
    "dropout": "dropout_ratio:float=0.5 scale_train:bool",
    "dummy_data": "data_filler:Filler* shape:Shape* num:int* channels:int* height:int* width:int*",
    "eltwise": "operation:Operation=SUM coeff:float* stable_prod_grad:bool",
    "elu": "alpha:float=1",
    "exp": "base:float=-1 scale:float=1 shift:float=0",
    "flatten": "axis:int=1 end_axis:int=-1",
    "hdf5_data": "source:string batch_size:int shuffle:bool",
    "hdf5_output": "file_name:string",
    "hinge_loss": "norm:Norm",
    "image_data": FILES + "shuffle:bool new_height:int new_width:int is_color:bool=true "
    "root_folder:string",
    "infogain_loss": "source:string axis:int",
    "inner_product": "num_output:int bias_term:bool=true weight_filler:Filler bias_filler:Filler "
    "axis:int=1 transpose:bool=false",
    "input": "shape:Shape*",
    "log": "base:float=-1 scale:float=1 shift:float=0",
    "lrn": "local_size:int=5 alpha:float=1 beta:float=0.75 norm_region:Region k:float=1 "
    "engine:Engine",
    "memory_data": "batch_size:int channels:int height:int width:int",
    "permute": "order:int*",
    "pooling": WINDOW + "pool:Pool global_pooling:bool round_mode:Rounding",
    "power": "power:float=1 scale:float=1 shift:float=0",
    "prelu": "filler:Filler channel_shared:bool",
    "relu": "negative_slope:float engine:Engine",
    "reshape": "shape:Shape axis:int=0 num_axes:int=-1",
    "scale": "axis:int=1 num_axes:int=1 filler:Filler bias_term:bool bias_filler:Filler",
    "sigmoid": "engine:Engine",
    "slice": "axis:int=1 slice_point:int* slice_dim:int=1",
    "softmax": "engine:Engine axis:int=1",
    "tanh": "engine:Engine",
    "window_data": FILES + "fg_threshold:float bg_threshold:float fg_fraction:float "
    "context_pad:int crop_mode:string cache_images:bool root_folder:string",
}
"""Fields of the message ``<name>_param`` of a layer."""

LAYER = (
    "name:string bottom:string* top:string* loss_weight:float* include:Rule* exclude:Rule* "
    "transform_param:Transform loss_param:Loss "
) + " ".join(f"{name}_param:{name}" for name in PARAMETERS)

MESSAGES = {
    **PARAMETERS,
    "Shape": "dim:int*",
    "Filler": "type:string=constant value:float=0 min:float=0 max:float=1 mean:float=0 std:float=1 "
    "sparse:int variance_norm:Variance",
    "State": "phase:Phase=TEST level:int stage:string*",
    "Rule": "phase:Phase min_level:int max_level:int stage:string* not_stage:string*",
    "Transform": "scale:float=1 mirror:bool crop_size:int mean_file:string mean_value:float* "
    "force_color:bool force_gray:bool",
    "Loss": "ignore_label:int normalization:Normalization normalize:bool",
    "Param": "name:string share_mode:Sharing lr_mult:float=1 decay_mult:float=1",
    "Layer": LAYER + " type:string phase:Phase param:Param* propagate_down:bool*",
    "V1Layer": LAYER
    + " type:V1Type param:string* blob_share_mode:Sharing* blobs_lr:float* weight_decay:float* "
    "layer:V0Layer",
    "V0Layer": "name:string type:string",
    "Net": "name:string input:string* input_shape:Shape* input_dim:int* force_backward:bool "
    "state:State debug_info:bool layer:Layer* layers:V1Layer*",
    "Solver": "net:string net_param:Net train_net:string test_net:string* train_net_param:Net "
    "test_net_param:Net* train_state:State test_state:State* test_iter:int* test_interval:int "
    "test_compute_loss:bool test_initialization:bool base_lr:float=0.01 display:int "
    "average_loss:int max_iter:int iter_size:int=1 lr_policy:string=fixed gamma:float=1 "
    "power:float=1 momentum:float=0 weight_decay:float=0 regularization_type:string=L2 "
    "stepsize:int stepvalue:int* clip_gradients:float=-1 snapshot:int snapshot_prefix:string "
    "snapshot_diff:bool snapshot_format:SnapshotFormat solver_mode:SolverMode device_id:int "
    "random_seed:int=-1 type:string=SGD delta:float=1e-08 momentum2:float=0.999 "
    "rms_decay:float=0.99 debug_info:bool snapshot_after_train:bool solver_type:SolverType "
    "layer_wise_reduce:bool weights:string*",
}
"""Fields of each message as ``name:type``, then ``*`` if repeated, or ``=`` and the default."""


def new_message(name: str) -> Any:
    """Return an empty message.

    Parameters
    ----------
    name : str
        A key of `MESSAGES`.

    Raises
    ------
    ImportError
        If protobuf is not installed.

    Examples
    --------
    >>> new_message('convolution').bias_term
    True
    """
    factory = import_optional("google.protobuf.message_factory")
    return factory.GetMessageClass(_pool().FindMessageTypeByName(f"caffe.{name}"))()


@functools.cache
def _pool() -> Any:
    """Return the descriptors of all messages.

    Fields are numbered in the order of the table: text files, unlike binary ones, have names only.
    """
    descriptors = import_optional("google.protobuf.descriptor_pb2")
    pools = import_optional("google.protobuf.descriptor_pool")
    file = descriptors.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    for name, values in ENUMS.items():
        # values of enumerations share one scope, so each enumeration gets its own
        enum = file.message_type.add(name=f"{name}Values").enum_type.add(name=name)
        for number, value in enumerate(values.split()):
            enum.value.add(name=value, number=number)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, text in enumerate(fields.split(), start=1):
            _add_field(message.field.add(number=number), text)
    pool = pools.DescriptorPool()
    pool.Add(file)
    return pool


def _add_field(field: Any, text: str) -> None:
    text, _, default = text.partition("=")
    name, _, kind = text.partition(":")
    field.name = name
    field.label = field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
    kind = kind.removesuffix("*")
    scalars = {
        "int": field.TYPE_INT64,
        "float": field.TYPE_FLOAT,
        "bool": field.TYPE_BOOL,
        "string": field.TYPE_STRING,
    }
    if kind in scalars:
        field.type = scalars[kind]
    elif kind in ENUMS:
        field.type, field.type_name = field.TYPE_ENUM, f".caffe.{kind}Values.{kind}"
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".caffe.{kind}"
    if default:
        field.default_value = default
