"""Writes field.json: files as cameras, scanners, capture cards and detectors leave them, and the pixels that Pillow sees in
them, turned upright where the file says so, for the tests of package data.

    pip install pillow numpy && python3 make_field.py > field.json
"""
import base64, io, json, struct, sys

import numpy as np
import PIL
from PIL import Image, ImageOps

y, x = np.mgrid[0:11, 0:18]
slope = (x * 11 + y * 5).astype("u1")
grey = Image.fromarray(slope)
colour = Image.fromarray(np.stack([slope, 255 - slope, (x * y).astype("u1")], -1))
black = Image.fromarray((x * 5 + y * 3) > 50)
cases = []

def text(b):
    return base64.b64encode(b).decode()

def add(name, content, tolerance=0):
    seen = Image.open(io.BytesIO(content))
    seen.load()
    seen = ImageOps.exif_transpose(seen)
    bits = 16 if seen.mode.startswith("I") else 8
    if bits == 8:
        seen = seen.convert("L" if seen.mode in ("1", "L") else "RGB")
    pixels = np.asarray(seen)
    cases.append(dict(name=name, file=text(content), width=seen.width, height=seen.height, bits=bits, tolerance=tolerance,
                      channels=1 if pixels.ndim == 2 else 3, pixels=text(pixels.astype("<u2" if bits == 16 else "u1").tobytes())))

def encoded(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()

def without(jpeg, *markers):
    """A JPEG file less its segments of some markers."""
    out, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        size = 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        if jpeg[at + 1] not in markers:
            out += jpeg[at:at + size]
        at += size
    return out + jpeg[at:]

for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    add(f"tiff-orientation-{o}", encoded(colour, "TIFF", tiffinfo={274: o}))
    add(f"jpeg-orientation-{o}", encoded(grey, "JPEG", quality=95, exif=exif), 1)
for form in ("PNG", "WEBP"):
    exif = Image.Exif()
    exif[0x0112] = 6
    add(f"{form.lower()}-orientation-6", encoded(colour, form, exif=exif, **(dict(lossless=True) if form == "WEBP" else {})))
exif = Image.Exif()
exif[0x0112] = 9
add("jpeg-orientation-9", encoded(grey, "JPEG", exif=exif), 1)
big = Image.Exif()
big.endian = ">"
big[0x0112] = 8
add("png-orientation-8-big-endian", encoded(grey, "PNG", exif=big.tobytes()))

for compression in ("group3", "group4", None):
    for photometric in (0, 1):
        add(f"tiff-{compression}-photometric-{photometric}", encoded(black, "TIFF", compression=compression, tiffinfo={262: photometric}))
add("tiff-group4-as-pillow-writes", encoded(black, "TIFF", compression="group4"))


def with_palette(tiff, colours):
    """A bilevel TIFF file as a palette of two colours."""
    at = struct.unpack("<I", tiff[4:8])[0]
    entries = [tiff[at + 2 + 12 * k:][:12] for k in range(struct.unpack("<H", tiff[at:at + 2])[0])]
    table = struct.pack("<6H", *(257 * c[k] for k in range(3) for c in colours))
    entries = [struct.pack("<HHIHH", 262, 3, 1, 3, 0) if e[:2] == struct.pack("<H", 262) else e for e in entries]
    entries.append(struct.pack("<HHII", 320, 3, 6, len(tiff)))
    entries.sort(key=lambda e: struct.unpack("<H", e[:2])[0])
    body = tiff + table
    return body[:4] + struct.pack("<I", len(body)) + body[8:] + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


for compression in ("group3", "group4", None):
    add(f"tiff-{compression}-palette", with_palette(encoded(black, "TIFF", compression=compression), [(250, 20, 40), (10, 200, 90)]))

add("jpeg-without-huffman-tables", without(encoded(colour, "JPEG", quality=90, optimize=False), 0xC4), 2)
add("jpeg-grey-without-huffman-tables", without(encoded(grey, "JPEG", quality=90, optimize=False), 0xC4), 1)
ink = colour.convert("CMYK")
ink = Image.fromarray(np.stack([slope, 255 - slope, (x * y).astype("u1"), (slope // 3)], -1), "CMYK")
add("jpeg-cmyk", encoded(ink, "JPEG", quality=95), 2)
add("jpeg-cmyk-without-marker", without(encoded(ink, "JPEG", quality=95), 0xEE), 2)

add("pgm", encoded(grey, "PPM"))
add("ppm", encoded(colour, "PPM"))
add("pgm-16-bit", b"P5\n# a comment\n3 2\n65535\n" + np.arange(0, 60000, 10000, dtype=">u2").tobytes())
add("pgm-12-bit", b"P5 3 2 4095\n" + np.array([0, 1, 2, 2047, 2048, 4095], ">u2").tobytes())
add("pgm-4-bit", b"P5 4 1 15 " + bytes([0, 1, 7, 15]))
add("pgm-text", b"P2\n# text\n3 2\n# more\n100\n0 10 20\n30 50 100")
add("ppm-text", b"P3 2 1 255 1 2 3 4 5 6 ")
json.dump(dict(pillow=PIL.__version__, cases=cases), sys.stdout, indent=1)
print()
