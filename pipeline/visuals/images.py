"""People's own pictures: read with suspicion, turned upright, fitted into the frame."""

from __future__ import annotations

import dataclasses
import io
import warnings
from pathlib import Path
from typing import Literal

import filetype
from PIL import Image, ImageCms, ImageFilter, ImageOps, UnidentifiedImageError

from pipeline.errors import PipelineError
from pipeline.video.atomic import whole_file
from pipeline.video.motion import ALWAYS_SHOWN
from pipeline.visuals.model import Credit, Illustration, picture_size

#: Most pixels of one picture: about 150 MB decoded, more than any phone's camera takes.
MOST_PIXELS = 50_000_000
#: Smallest side in pixels that is still a picture.
_LEAST_SIDE = 16
#: Longer side over the shorter one.
_LONGEST_SHAPE = 20
_FORMATS = ("PNG", "JPEG", "WEBP")
#: Up to this share of a picture is cut away to fill the frame; beyond, it is shown whole on a blurred copy of itself.
_MOST_CUT = 0.36
_QUALITY = 93


@dataclasses.dataclass(frozen=True)
class ImageFacts:
    """What `read_image` found: size in pixels as shown (upright), and the file's format."""

    width: int
    height: int
    format: Literal["PNG", "JPEG", "WEBP"]


def read_image(data: bytes, name: str) -> ImageFacts:
    """Make sure that `data` is a whole picture that can be shown; `name` is for the message.

    Raises PipelineError with code image_unsupported (another kind of file or an odd shape), image_too_large, image_unreadable.
    """
    image = _decoded(data, name)
    assert image.format in _FORMATS
    upright = ImageOps.exif_transpose(image)
    return ImageFacts(upright.width, upright.height, image.format)  # type: ignore[arg-type]


def fit_image(data: bytes, name: str, size: tuple[int, int], credit: Credit, out: Path) -> Illustration:
    """Write the picture, fitted for a frame of `size`, to `out` (JPEG). Raises as `read_image` does."""
    image = _flat(ImageOps.exif_transpose(_decoded(data, name)))
    width, height = picture_size(size)
    share = (image.width / image.height) / (width / height)
    cut = 1 - min(share, 1 / share)
    fitted = _covering(image, width, height) if cut <= _MOST_CUT else _on_blurred_copy(image, width, height)
    with whole_file(out) as partial:
        fitted.save(partial, "JPEG", quality=_QUALITY, subsampling=0)
    return Illustration(out, "image", credit)


def _decoded(data: bytes, name: str) -> Image.Image:
    """The first picture in the file, all of its pixels read. The header is judged before anything is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise _too_large(name)
        if min(image.size) < _LEAST_SIDE:
            message = f"The image {name} is only {image.width}x{image.height} pixels; send a larger one."
            raise PipelineError(message, code="image_unsupported")
        if max(image.size) > _LONGEST_SHAPE * min(image.size):
            message = f"The image {name} is {image.width}x{image.height} pixels, too long and narrow to show; crop it."
            raise PipelineError(message, code="image_unsupported")
        image.load()
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except UnidentifiedImageError:
        raise _unknown(data, name) from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # What Pillow's decoders raise for damaged files.
        message = f"The image {name} is damaged and cannot be read; save it again or choose another."
        raise PipelineError(message, code="image_unreadable") from error
    return image


def _too_large(name: str) -> PipelineError:
    most = MOST_PIXELS // 1_000_000
    return PipelineError(f"The image {name} has more than {most} million pixels; send a smaller one.", code="image_too_large")


def _unknown(data: bytes, name: str) -> PipelineError:
    if filetype.is_image(data) and filetype.guess_extension(data) not in ("png", "jpg", "webp"):
        kind = filetype.guess_extension(data)
        return PipelineError(f"The image {name} is a {kind}; send PNG, JPEG or WebP.", code="image_unsupported")
    return PipelineError(f"The file {name} is not an image that can be read; send PNG, JPEG or WebP.", code="image_unreadable")


def _flat(image: Image.Image) -> Image.Image:
    """Eight bits of sRGB without transparency; what was transparent becomes white."""
    image = _in_srgb(image)
    if image.mode.startswith("I") or image.mode == "F":  # Sixteen bits of grey.
        image = image.point(lambda level: level / 257).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as the picture's own profile means them; a profile that cannot be used is left out."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        return ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), _SRGB, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):
        return image


_SRGB = ImageCms.createProfile("sRGB")


def _covering(image: Image.Image, width: int, height: int) -> Image.Image:
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _on_blurred_copy(image: Image.Image, width: int, height: int) -> Image.Image:
    """The whole picture amid a soft, darkened one that fills the frame. Blurred small, as it costs less and looks alike."""
    small = _covering(image, width // 12, height // 12).filter(ImageFilter.GaussianBlur(width / 12 / 22))
    ground = small.point(lambda level: level * 0.45).resize((width, height), Image.Resampling.BICUBIC)
    share = ALWAYS_SHOWN["image"]
    shown = ImageOps.contain(image, (round(width * share), round(height * share)), Image.Resampling.LANCZOS)
    ground.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
    return ground
