"""Cuts the font of reports down to what Japanese reports need. See README.md beside this file.

    python3 -m pip install fonttools
    python3 subset.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc NotoSansCJKjp-Regular.subset.otf
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTCollection

FAMILY = "NotoSansCJKjp-Regular"


def characters():
    """What CP932 has (JIS X 0208 with the vendors' rows) and JIS X 0213 (levels 3 and 4), Latin, signs."""
    found = set(range(0x20, 0x7F)) | set(range(0xA0, 0x180))
    doubles = [bytes([a, b]) for a in range(0x81, 0xFD) for b in range(0x40, 0xFD)]
    for codec in ("cp932", "shift_jis_2004"):
        for code in [bytes([a]) for a in range(0xA1, 0xE0)] + doubles:
            try:
                text = code.decode(codec)
            except UnicodeDecodeError:
                continue
            # The user's own area has no glyphs.
            if len(text) == 1 and not 0xE000 <= ord(text) <= 0xF8FF:
                found.add(ord(text))
    # Dashes, quotes, daggers, arrows, mathematics of both widths, numbers in circles, 令和, squared words.
    for first, last in [(0x2010, 0x2027), (0x2030, 0x203E), (0x2190, 0x2193), (0x2200, 0x22FF), (0x2460, 0x24FF),
                        (0x25A0, 0x25FF), (0x3220, 0x33FF), (0xFF01, 0xFFEE)]:
        found.update(range(first, last + 1))
    # Of names of people and places that no standard of these has.
    return found | {0x20AC, 0x2116, 0x2122, 0x32FF} | set(map(ord, "𠮷𣘺𡈽圡㐂亰桒槗昻"))


def main(source, target):
    fonts = TTCollection(source).fonts
    font = next(font for font in fonts if font["name"].getDebugName(6) == FAMILY)
    options = subset.Options(
        layout_features=[], hinting=False, desubroutinize=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        name_languages=[0x409], notdef_outline=True, recalc_timestamp=False, glyph_names=False,
        drop_tables=["BASE", "GPOS", "GSUB", "GDEF", "VORG", "vhea", "vmtx", "DSIG"],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters())
    cutter.subset(font)
    font.recalcTimestamp = False
    subset.save_font(font, target, options)
    print(len(font.getGlyphOrder()), "glyphs,", len(font.getBestCmap()), "characters")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
