"""Whatever the device says, in words of this project that tell what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from tasks.domain.errors import DeviceLostError, DeviceMemoryError

SIGNS = ("CUDA error", "CUBLAS_STATUS", "CUDNN_STATUS", "cuDNN error", "NCCL error")
"""In plain RuntimeErrors, as older paths of torch raise them: the context of the device is gone with the first."""


@contextmanager
def device_faults(pipeline: Any, doing: str) -> Iterator[None]:
    """A block of work on the device; models that are offloaded go back afterwards.

    Raises `DeviceMemoryError` when the device is full and `DeviceLostError` when it failed; `doing` says with what.
    """
    try:
        yield
        pipeline.maybe_free_model_hooks()
    except torch.OutOfMemoryError as full:
        pipeline.maybe_free_model_hooks()
        torch.cuda.empty_cache()
        raise DeviceMemoryError(
            f"the device's memory does not hold {doing}: set a smaller EDIT_FLOWS_QWEN_AREA, or "
            f"EDIT_FLOWS_QWEN_MEMORY to tables, offload or group ({full})"
        ) from full
    except RuntimeError as fault:  # torch.AcceleratorError is one
        if isinstance(fault, torch.AcceleratorError) or any(sign in str(fault) for sign in SIGNS):
            # nothing is moved off a device that is gone: that would only raise again
            raise DeviceLostError(f"the device failed at {doing}: {fault}; start the engine's process anew") from fault
        pipeline.maybe_free_model_hooks()
        raise
    except BaseException:
        pipeline.maybe_free_model_hooks()
        raise
