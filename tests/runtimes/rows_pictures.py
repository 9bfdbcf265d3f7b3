"""The rows of the seeds about pictures and raw tensors: which engine runs each, shown by what."""

PAINT = "tests/runtimes/test_paint.py::"
DIVIDE = "tests/runtimes/test_segment.py::"
READ = "tests/runtimes/test_read_image.py::"
KINDS = f"{PAINT}test_every_kind_of_model_paints_as_in_the_library"


def row(engine: str, task: str, test: str, part: str = "") -> dict[str, str]:
    """A row that runs; `part` says what is missing."""
    return {"engine": engine, "task": task, "test": test, "part": part}


ROWS: dict[str, dict[str, str]] = {
    "stable-diffusion-1": row(
        "diffusers",
        "text-to-image",
        f"{PAINT}test_words_become_the_image_that_the_library_paints",
    ),
    "stable-diffusion-2": row(
        "diffusers",
        "text-to-image",
        f"{PAINT}test_stable_diffusion_2_paints_as_in_the_library",
    ),
    "consistory": row(
        "diffusers",
        "text-to-image",
        f"{PAINT}test_attention_over_pictures_is_what_the_paper_says",
        "shared self-attention with masks and dropout; not the blending of early queries nor the"
        " injection of features, and no published picture was compared",
    ),
    "stable-diffusion-xl": row("diffusers", "text-to-image", f"{KINDS}[sdxl]"),
    "stable-diffusion-3.5": row("diffusers", "text-to-image", f"{KINDS}[sd3]"),
    "flux.1-schnell": row("diffusers", "text-to-image", f"{KINDS}[schnell]"),
    "flux.1-dev": row("diffusers", "text-to-image", f"{PAINT}test_flux_dev_takes_guidance"),
    "deepfloyd-if": row(
        "diffusers",
        "text-to-image",
        f"{PAINT}test_a_cascade_paints_small_and_then_larger",
        "the third stage (the upscaler of Stable Diffusion) is not in the test",
    ),
    "pixart": row(
        "diffusers", "text-to-image", f"{PAINT}test_others_paint_as_in_the_library[pixart]"
    ),
    "sana": row("diffusers", "text-to-image", f"{PAINT}test_others_paint_as_in_the_library[sana]"),
    "sam-2.1": row(
        "transformers",
        "image-segmentation",
        f"{DIVIDE}test_an_object_is_followed_through_a_video",
        "files of .pt must be brought into the layout of Transformers; videos come as frames",
    ),
    "deeplab": row(
        "transformers",
        "image-segmentation",
        f"{DIVIDE}test_each_pixel_gets_the_label_that_the_library_gives_it[deeplab]",
        "MobileNetV2 and MobileViT; the variants on ResNet and Xception are not in Transformers",
    ),
    "vista-3d": row(
        "transformers",
        "image-segmentation",
        "tests/runtimes/test_volumes.py::test_classes_are_found_where_monai_finds_them",
        "the published file is a pickle: only weights as safetensors with a config.json run",
    ),
    "florence-2": row(
        "transformers",
        "image-to-text",
        f"{READ}test_florence_writes_what_it_writes_in_the_library",
        "the layout of Transformers; Microsoft's own upload has other names of tensors",
    ),
    "imagebind": row(
        "transformers",
        "feature-extraction",
        "tests/runtimes/test_imagebind.py::test_pictures_sounds_and_texts_become_the_same_vectors",
        "pictures, texts and sounds; not depth, heat and motion; the published file is a pickle,"
        " to be converted first",
    ),
    "prithvi-eo-2.0": row(
        "transformers",
        "feature-extraction",
        "tests/runtimes/test_prithvi.py::test_a_field_over_time_becomes_the_vectors_of_plain_sums",
        "vectors from the encoders of both versions, with dates and a place, and the labels of"
        " those tuned with TerraTorch to segment (UperNet, U-Net); not the decoder that paints"
        " hidden patches, nor regression; held against a second computation, not against the"
        " published weights, which are a pickle, to be converted first",
    ),
    "clip": row(
        "transformers",
        "image-to-text",
        f"{READ}test_clip_chooses_among_words_as_in_the_library",
    ),
    "tflite-speech": row(
        "LiteRT",
        "tensors",
        "tests/runtimes/test_tensors.py::"
        "test_arrays_go_in_and_come_out_in_the_order_of_the_file[tflite]",
        "tensors in, tensors out: the front end that turns sound into them is the caller's",
    ),
}
