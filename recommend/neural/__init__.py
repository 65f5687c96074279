"""Models that are trained with torch; nothing outside this package imports torch.

Import the module you need: `from recommend.neural.continuation import Continuation`. Without torch
that raises `MissingExtraError`, which says how to get it.
"""

from recommend.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise MissingExtraError(
        "this model needs torch, which is not installed: pip install 'antiphon[torch]'"
    ) from None
