"""Layouts, weights and solvers of Caffe."""

from .convert import from_caffe
from .schedule import CaffeSchedule
from .solver import from_caffe_solver

__all__ = ["CaffeSchedule", "from_caffe", "from_caffe_solver"]
