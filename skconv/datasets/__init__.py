"""Files of a folder, with their labels."""

from .image_folder import image_folder

__all__ = ["image_folder"]
