from .augmented import plot_augmented
from .confusion import plot_confusion
from .conv_activity import plot_conv_activity
from .conv_infos import get_conv_infos, get_real_filter, get_receptive_field
from .conv_weights import plot_conv_weights
from .embedding import plot_embedding
from .gradcam import grad_cam, plot_grad_cam
from .graph import draw_to_file, draw_to_notebook, make_graph
from .integrated import integrated_gradients, plot_integrated_gradients
from .loss import plot_loss
from .occlusion import occlusion_heatmap, plot_occlusion
from .predictions import plot_predictions
from .report import Report, make_report
from .saliency import plot_saliency, saliency_map

__all__ = [
    "Report",
    "draw_to_file",
    "draw_to_notebook",
    "get_conv_infos",
    "get_real_filter",
    "get_receptive_field",
    "grad_cam",
    "integrated_gradients",
    "make_graph",
    "make_report",
    "occlusion_heatmap",
    "plot_augmented",
    "plot_confusion",
    "plot_conv_activity",
    "plot_conv_weights",
    "plot_embedding",
    "plot_grad_cam",
    "plot_integrated_gradients",
    "plot_loss",
    "plot_occlusion",
    "plot_predictions",
    "plot_saliency",
    "saliency_map",
]
