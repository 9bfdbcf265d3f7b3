"""Makes tiny models that divide images, and what the library itself finds with them.

Run by the Python of the runtime: `python tiny_segmenters.py FOLDER NAME...`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers as t
from PIL import Image

HERE = Path(sys.argv[1])
WIDE, HIGH = 48, 36


def image(shift: int = 0) -> Any:
    """A bright square on a slope, moved to the right by some pixels."""
    rows, columns = numpy.mgrid[:HIGH, :WIDE]
    color = numpy.stack([columns * 5, rows * 7, 255 - columns * 3], axis=-1).astype(numpy.uint8)
    color[10:22, 8 + shift : 20 + shift] = (250, 240, 30)
    return Image.fromarray(color)


def hiera() -> dict[str, Any]:
    return {
        "model_type": "sam2_vision_model",
        "backbone_config": {
            "model_type": "sam2_hiera_det_model", "hidden_size": 12, "num_attention_heads": 1,
            "image_size": [128, 128],
            "embed_dim_per_stage": [12, 24, 48, 96], "num_attention_heads_per_stage": [1, 2, 4, 8],
            "blocks_per_stage": [1, 2, 1, 1], "global_attention_blocks": [2],
            "window_positional_embedding_background_size": [7, 7],
        },
        "backbone_channel_list": [96, 48, 24, 12], "fpn_hidden_size": 128,
        "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
    }  # fmt: skip


PROMPTS = {"hidden_size": 32, "image_size": 128, "patch_size": 16}
DECODER = {
    "hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16,
    "attention_downsample_rate": 2,
}  # fmt: skip


def sam2() -> None:
    """SAM 2.1 as published: the layout of the model for videos, which is one for images too."""
    config = t.Sam2VideoConfig(
        vision_config=hiera(), prompt_encoder_config={**PROMPTS, "hidden_size": 128},
        mask_decoder_config={**DECODER, "hidden_size": 128},
        image_size=128, memory_attention_hidden_size=128, memory_encoder_hidden_size=128,
        memory_attention_num_layers=1, memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[8, 8], mask_downsampler_embed_dim=128,
        memory_fuser_num_layers=1, memory_fuser_embed_dim=128, memory_fuser_intermediate_dim=32,
    )  # fmt: skip
    t.Sam2VideoModel(config).save_pretrained(HERE / "sam2")


def sam() -> None:
    """SAM 1."""
    config = t.SamConfig(
        vision_config={
            "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 128,
            "patch_size": 16, "output_channels": 32, "mlp_dim": 32, "window_size": 4,
            "global_attn_indexes": [1], "num_pos_feats": 16,
        },
        prompt_encoder_config={**PROMPTS, "image_embedding_size": 8},
        mask_decoder_config=DECODER,
    )  # fmt: skip
    t.SamModel(config).save_pretrained(HERE / "sam")
    t.SamProcessor(
        t.SamImageProcessorPil(
            size={"longest_edge": 128}, pad_size={"height": 128, "width": 128},
            mask_size={"longest_edge": 32}, mask_pad_size={"height": 32, "width": 32},
        )
    ).save_pretrained(HERE / "sam")  # fmt: skip


def labels(name: str, kind: Any, config: Any, processor: Any) -> None:
    """A model that labels pixels, and the map that the library makes of the image."""
    kind(config).eval().save_pretrained(HERE / name)
    processor.save_pretrained(HERE / name)
    model = t.AutoModelForSemanticSegmentation.from_pretrained(HERE / name).eval()
    given = t.AutoImageProcessor.from_pretrained(HERE / name)
    with torch.inference_mode():
        output = model(**given(images=image(), return_tensors="pt"))
    found = given.post_process_semantic_segmentation(output, target_sizes=[(HIGH, WIDE)])[0]
    Image.fromarray(found.numpy().astype(numpy.uint8)).save(HERE / f"{name}-map.png")


NAMED = {"id2label": {0: "sky", 1: "road", 2: "tree"}, "label2id": {"sky": 0, "road": 1, "tree": 2}}


def deeplab() -> None:
    """DeepLabV3+ on MobileNetV2."""
    config = t.MobileNetV2Config(
        depth_multiplier=0.25, min_depth=4, depth_divisible_by=4, output_stride=16, image_size=65,
        **NAMED,
    )  # fmt: skip
    labels("deeplab", t.MobileNetV2ForSemanticSegmentation, config,
           t.MobileNetV2ImageProcessorPil(size={"shortest_edge": 65},
                                          crop_size={"height": 65, "width": 65}))  # fmt: skip


def mobilevit() -> None:
    """DeepLabV3 on MobileViT."""
    config = t.MobileViTConfig(
        hidden_sizes=[8, 12, 16], neck_hidden_sizes=[4, 4, 8, 8, 12, 16, 24], image_size=64,
        num_attention_heads=2, aspp_out_channels=8, output_stride=16, **NAMED,
    )  # fmt: skip
    labels("mobilevit", t.MobileViTForSemanticSegmentation, config,
           t.MobileViTImageProcessorPil(size={"shortest_edge": 72},
                                        crop_size={"height": 64, "width": 64}))  # fmt: skip


def segformer() -> None:
    """SegFormer."""
    config = t.SegformerConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16, **NAMED,
    )  # fmt: skip
    labels("segformer", t.SegformerForSemanticSegmentation, config,
           t.SegformerImageProcessorPil(size={"height": 64, "width": 64}))  # fmt: skip


def mask2former() -> None:
    """Mask2Former, which finds things and areas."""
    back = t.SwinConfig(
        embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = t.Mask2FormerConfig(
        backbone_config=back, hidden_dim=32, mask_feature_size=32, feature_size=32, num_queries=6,
        encoder_layers=1, decoder_layers=2, num_attention_heads=4, dim_feedforward=32,
        encoder_feedforward_dim=32, **NAMED,
    )  # fmt: skip
    model = t.Mask2FormerForUniversalSegmentation(config).eval()
    model.class_predictor.bias.data[1] = 4.0  # else nothing is sure enough to be found
    model.save_pretrained(HERE / "mask2former")
    given = t.Mask2FormerImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 128})
    given.save_pretrained(HERE / "mask2former")
    with torch.inference_mode():
        output = model(**given(images=image(), return_tensors="pt"))
    found = given.post_process_panoptic_segmentation(output, target_sizes=[(HIGH, WIDE)])[0]
    numbers = found["segmentation"].clip(0).numpy().astype(numpy.uint8)
    Image.fromarray(numbers).save(HERE / "mask2former-map.png")


def references() -> None:
    """Masks of both kinds of SAM, with the models called directly."""
    for name in ("sam", "sam2"):
        if (HERE / name).exists():
            one_point(name)
    if (HERE / "sam2").exists():
        through_frames()


def made_ready(side: int = 128) -> Any:
    """What SAM 2 sees of the image: stretched to a square, normalized."""
    values = torch.tensor(numpy.array(image())).permute(2, 0, 1)[None] / 255
    values = torch.nn.functional.interpolate(values, (side, side), mode="bilinear", antialias=True)
    mean = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None]
    return (values - mean) / torch.tensor([0.229, 0.224, 0.225])[None, :, None, None]


def one_point(name: str) -> None:
    """The mask with the best score for the point 12, 15."""
    if name == "sam":
        model = t.SamModel.from_pretrained(HERE / name).eval()
        processor = t.SamProcessor.from_pretrained(HERE / name)
        given = processor(images=image(), input_points=[[[[12, 15]]]], return_tensors="pt")
        with torch.inference_mode():
            output = model(**{k: given[k] for k in ("pixel_values", "input_points")})
        large = processor.post_process_masks(
            output.pred_masks, given["original_sizes"], given["reshaped_input_sizes"]
        )[0][0]
    else:
        model = t.Sam2Model.from_pretrained(HERE / name).eval()
        points = torch.tensor([[[[12 * 128 / WIDE, 15 * 128 / HIGH]]]])
        with torch.inference_mode():
            output = model(pixel_values=made_ready(), input_points=points,
                           input_labels=torch.ones(1, 1, 1, dtype=torch.int64))  # fmt: skip
        large = torch.nn.functional.interpolate(
            output.pred_masks[0], (HIGH, WIDE), mode="bilinear", align_corners=False
        )[0] > 0  # fmt: skip
    best = int(output.iou_scores[0, 0].argmax())
    Image.fromarray(large[best].numpy().astype(numpy.uint8) * 255).save(HERE / f"{name}-mask.png")


def through_frames() -> None:
    """The masks on four frames of what a box shows on the first, as one streams frames."""
    from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

    model = t.Sam2VideoModel.from_pretrained(HERE / "sam2").eval()
    for number in range(4):
        image(4 * number).save(HERE / f"frame-{number}.png")
    session = Sam2VideoInferenceSession(video_height=HIGH, video_width=WIDE, dtype=torch.float32)
    scale = torch.tensor([128 / WIDE, 128 / HIGH])
    corners = torch.tensor([[[[8.0, 10.0], [20.0, 22.0]]]]) * scale
    given = {"point_coords": corners, "point_labels": torch.tensor([[[2, 3]]], dtype=torch.int32)}
    session.add_point_inputs(session.obj_id_to_idx(1), 0, given)
    session.obj_with_new_inputs = [1]
    for number in range(4):
        values = torch.tensor(numpy.array(image(4 * number))).permute(2, 0, 1)[None] / 255
        values = torch.nn.functional.interpolate(
            values, (128, 128), mode="bilinear", antialias=True
        )
        mean = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None]
        values = (values - mean) / torch.tensor([0.229, 0.224, 0.225])[None, :, None, None]
        with torch.inference_mode():
            output = model(inference_session=session, frame=values[0])
        large = torch.nn.functional.interpolate(
            output.pred_masks, (HIGH, WIDE), mode="bilinear", align_corners=False
        )[0, 0] > 0  # fmt: skip
        Image.fromarray(large.numpy().astype(numpy.uint8) * 255).save(
            HERE / f"frame-{number}-mask.png"
        )


def odd_files() -> None:
    """Images that are read with care: two in one file, and one of 16 bits."""
    image().save(HERE / "two.gif", save_all=True, append_images=[image(4)])
    gray = numpy.array(image().convert("L"))
    Image.fromarray(gray).save(HERE / "gray.png")
    Image.fromarray(gray.astype(numpy.uint16) * 257).save(HERE / "gray16.png")


if __name__ == "__main__":
    image().save(HERE / "image.png")
    odd_files()
    for name in sys.argv[2:]:
        torch.manual_seed(0)
        globals()[name]()
    references()
