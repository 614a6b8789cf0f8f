"""Pictures of nets and of what they see; they need matplotlib."""

from .augmented import plot_augmented

__all__ = ["plot_augmented"]
