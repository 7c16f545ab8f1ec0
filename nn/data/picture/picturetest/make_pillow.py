"""Writes pillow.json: small image files and the pixels that Pillow sees in them, for the tests of package data.
Before version 13, because from there on tall images are resized rows first.

    pip install 'pillow<13' numpy && python3 make_pillow.py > pillow.json
"""
import base64, io, json, sys
import numpy as np
import PIL
from PIL import Image


def picture(width, height, channels, full=255):
    """Slopes, an edge and a grid: rounding, aliasing and the shift of colours at edges all show."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for c in range(channels):
        p = 0.5 + 0.3 * np.sin((x * (c + 1) + 2 * y) / 5.0) + 0.2 * np.cos((y - x) * (c + 2) / 7.0)
        p = np.where(x + y > (width + height) * (0.4 + 0.1 * c), 1 - p, p)
        p = np.where((x.astype(int) % 5 == c) & (y.astype(int) % 4 == 0), c / 2.0, p)
        planes.append(np.clip(np.rint(p * full), 0, full))
    a = np.stack(planes, -1)
    return (a[..., 0] if channels == 1 else a).astype(np.uint16 if full > 255 else np.uint8)


def text(b):
    return base64.b64encode(b).decode()


cases = []


def add(name, image, form, tolerance=0, resize=(), **options):
    """tolerance: how far decoders of a lossy format may be apart, in levels."""
    out = io.BytesIO()
    image.save(out, form, **options)
    seen = Image.open(io.BytesIO(out.getvalue()))
    seen.load()
    bits = 16 if seen.mode.startswith("I") else 8
    if bits == 8:
        seen = seen.convert("L" if seen.mode in ("1", "L") else "RGB")
    pixels = np.asarray(seen)
    case = dict(name=name, file=text(out.getvalue()), width=seen.width, height=seen.height, bits=bits, tolerance=tolerance,
                channels=1 if pixels.ndim == 2 else 3, pixels=text(pixels.astype("<u2" if bits == 16 else "u1").tobytes()))
    if bits == 8 and case["channels"] == 3 and tolerance == 0:
        case["grey"] = text(seen.convert("L").tobytes())
    case["resized"] = [dict(width=w, height=h, pixels=text(seen.resize((w, h), Image.BILINEAR).tobytes())) for w, h in resize]
    cases.append(case)


sizes = [(1, 1), (1, 9), (8, 1), (7, 5), (37, 23), (36, 24), (53, 40), (18, 60), (64, 6)]
grey, colour = Image.fromarray(picture(37, 23, 1)), Image.fromarray(picture(37, 23, 3))
alpha = Image.fromarray(picture(37, 23, 1)[::-1].copy())
add("png-grey", grey, "PNG", resize=sizes)
add("png-colour", colour, "PNG", resize=sizes)
add("png-grey-1x1", grey.crop((3, 3, 4, 4)), "PNG", resize=[(1, 1), (5, 3)])
add("png-colour-2x3", colour.crop((3, 3, 5, 6)), "PNG", resize=[(1, 1), (5, 3), (16, 16)])
add("png-grey-1-bit", grey.convert("1"), "PNG")
for bits in (2, 4):
    add(f"png-palette-{bits}-bit", colour.quantize(1 << bits), "PNG", bits=bits)
add("png-palette", colour.quantize(200), "PNG")
add("png-palette-transparent", colour.quantize(200), "PNG", transparency=7)
add("png-grey-alpha", Image.merge("LA", (grey, alpha)), "PNG")
add("png-colour-alpha", Image.merge("RGBA", (*colour.split(), alpha)), "PNG")
add("png-colour-transparent", colour, "PNG", transparency=colour.getpixel((5, 5)))
add("png-grey-16-bit", Image.fromarray(picture(37, 23, 1, 65535)), "PNG")
add("bmp-colour", colour, "BMP")
add("bmp-grey", grey, "BMP")
add("tiff-grey", grey, "TIFF")
add("tiff-colour-lzw", colour, "TIFF", compression="tiff_lzw")
add("tiff-grey-16-bit", Image.fromarray(picture(37, 23, 1, 65535)), "TIFF")
add("webp-lossless", colour, "WEBP", lossless=True)
add("webp-lossless-alpha", Image.merge("RGBA", (*colour.split(), alpha)), "WEBP", lossless=True, exact=True)
add("webp-lossy", colour, "WEBP", quality=90, tolerance=3)
add("webp-lossy-alpha", Image.merge("RGBA", (*colour.split(), alpha)), "WEBP", quality=90, exact=True, tolerance=3)
add("jpeg-grey", grey, "JPEG", quality=90, tolerance=1)
add("jpeg-progressive", colour, "JPEG", quality=90, progressive=True, subsampling=2, tolerance=3)
for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
    for w, h in ((37, 23), (16, 16), (17, 1), (1, 17), (2, 3), (3, 4), (4, 2), (5, 5)):
        add(f"jpeg-{name}-{w}x{h}", Image.fromarray(picture(w, h, 3)), "JPEG", quality=90, subsampling=subsampling, tolerance=3)
add("jpeg-cmyk", colour.convert("CMYK"), "JPEG", quality=90, tolerance=3)
add("jpeg-rgb", colour, "JPEG", quality=90, keep_rgb=True, tolerance=2)
json.dump(dict(pillow=PIL.__version__, cases=cases), sys.stdout, indent=0)
