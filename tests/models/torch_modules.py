"""Modules of torch for tests."""

import torch
from torch import nn


def randomize(module, seed=0):
    """Draw all parameters and statistics of a module, and return it in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.dtype == torch.float32 and name.endswith("running_var"):
                tensor.uniform_(0.5, 2, generator=generator)
            elif tensor.dtype == torch.float32:
                fan = tensor[0].numel() if tensor.ndim > 1 else 4
                tensor.normal_(0, fan**-0.5, generator=generator)
    return module.eval()


class Last(nn.Module):
    """The last step of a recurrent module."""

    def __init__(self, recurrent):
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x):
        return self.recurrent(x)[0][:, -1]


class All(Last):
    """All steps of a recurrent module."""

    def forward(self, x):
        return self.recurrent(x)[0]


class BothEnds(nn.Module):
    """The last step of each direction of a bidirectional LSTM."""

    def __init__(self, recurrent):
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x):
        hid = self.recurrent(x)[1][0]
        return torch.cat([hid[0], hid[1]], 1)


class SelfAttention(nn.Module):
    """Attention of a sequence to itself."""

    def __init__(self, units, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(units, heads, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]


class JointAttention(nn.Module):
    """Attention of a sequence to itself as in timm, with queries, keys and values in one module."""

    def __init__(self, units, heads):
        super().__init__()
        self.qkv = nn.Linear(units, 3 * units)
        self.proj = nn.Linear(units, units)
        self.heads = heads

    def forward(self, x):
        parts = self.qkv(x).reshape(*x.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = nn.functional.scaled_dot_product_attention(*parts)
        return self.proj(found.transpose(1, 2).flatten(2))


class SqueezeExcite(nn.Module):
    """Channel attention as in torchvision."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        weights = self.fc1(x.mean((2, 3), keepdim=True)).relu()
        return x * self.fc2(weights).sigmoid()


class Integers(nn.Module):
    """The input as integers."""

    def forward(self, x):
        return x.long()
