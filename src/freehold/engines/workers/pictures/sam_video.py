"""Follows objects through the frames of a video with SAM 2."""

import time
from collections.abc import Generator
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.pictures.masks import inside, mask_of, resized
from freehold.engines.workers.pictures.pixels import opened
from freehold.engines.workers.pictures.sam_shown import frames
from freehold.engines.workers.torchwork import finite, model_of
from freehold.tasks.base import Progress, Work
from freehold.tasks.image_segmentation import Mask, Request, Result

CORNERS = (2, 3)
"""The labels of the two corners of a box, which is given to the model as points."""
MOST_FRAMES = 2_000


def followed(sam: Any, request: Request) -> Generator[Progress | Result, None, None]:
    """A mask for each object on each frame, from the first frame that shows one."""
    import transformers

    if len(request.images) > MOST_FRAMES:
        raise UsageError(f"{len(request.images):,} frames; at most {MOST_FRAMES:,} are followed")
    if sam.video is None:
        sam.video = model_of(transformers.Sam2VideoModel, sam.order)
    started = time.monotonic()
    session, first = _begun(sam, request)
    masks: list[Mask] = []
    count = len(request.images) - first
    yield Progress(0, count, "frames")
    for done, output in enumerate(sam.video.propagate_in_video_iterator(session, first), 1):
        masks += _masks(output, session)
        left = (time.monotonic() - started) / done * (count - done)
        yield Progress(done, count, "frames", left)
    notes = (f"the frames before {first} show no object and have no mask",) if first else ()
    work = Work(time.monotonic() - started, count, "frames")
    yield Result(masks=tuple(masks), work=work, notes=notes)


def _begun(sam: Any, request: Request) -> tuple[Any, int]:
    """The frames, made ready, and what is shown on them; the first frame that shows something."""
    import torch
    from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

    images = [opened(file) for file in request.images]
    wide, high = images[0].size
    for number, image in enumerate(images):
        if image.size != (wide, high):
            told = f"frame {number} has {image.width} x {image.height} pixels"
            raise UsageError(f"{told}, the first one {wide} x {high}")
    inside(request, wide, high)
    device, kind = sam.model.device, sam.model.dtype
    session = Sam2VideoInferenceSession(
        video=torch.cat([sam.pixels(image) for image in images]),
        video_height=high, video_width=wide, inference_device=device,
        inference_state_device=device, video_storage_device=device, dtype=kind,
    )  # fmt: skip
    by_frame = frames(request)
    for number, objects in by_frame.items():
        for name, one in enumerate(objects, 1):
            given = _given(sam.prompts([one], wide, high))
            session.add_point_inputs(session.obj_id_to_idx(name), number, given)
        session.obj_with_new_inputs = list(range(1, len(objects) + 1))
        sam.video(inference_session=session, frame_idx=number)
    return session, min(by_frame)


def _given(words: dict[str, Any]) -> dict[str, Any]:
    """Points and a box as the video model takes them: the corners of the box lead."""
    import torch

    places, labels = words.get("input_points"), words.get("input_labels")
    if "input_boxes" in words:
        corners = words["input_boxes"].reshape(1, 1, 2, 2)
        named = torch.tensor([[CORNERS]], device=corners.device)
        places = corners if places is None else torch.cat([corners, places], dim=2)
        labels = named if labels is None else torch.cat([named, labels], dim=2)
    assert labels is not None
    return {"point_coords": places, "point_labels": labels.to(torch.int32)}


def _masks(output: Any, session: Any) -> list[Mask]:
    """The masks of one frame in the size of the video."""
    finite(output.pred_masks, "what the model computes")
    large = resized(output.pred_masks.float(), (session.video_height, session.video_width))
    names = output.object_ids or range(1, len(large) + 1)
    return [
        mask_of((mask[0] > 0).cpu().numpy(), label=f"object {name}", frame=output.frame_idx)
        for name, mask in zip(names, large, strict=True)
    ]
