"""What a data set holds: classes, sources, sizes, samples, near duplicates and the shortcut of
streaked borders.

    python -m monitor.training.pictures.explore ../shared/data --out runs/explore

writes `report.html` (one file, pictures inside) and `report.json` into the folder. It takes about a
minute for 16,000 chips on two cores. The report shows faces of the set: keep it where the set may
be kept.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from monitor.faces.boxes import crop_square
from monitor.records import Image
from monitor.training.command import run_main
from monitor.training.pictures.chips import FOUND_FACES, LABELS, Chip, load_data
from monitor.training.pictures.duplicates import DISTANCE_MAX, Pair, find_pairs
from monitor.training.pictures.faces import read_picture
from monitor.training.report.pages import (
    COLOURS,
    Page,
    grid,
    markdown_table,
    output_dir,
    save_figure,
    write_json,
    write_text,
)

MARGIN = 0.25
STREAK_HEAD = ["source/class", "faces", "streaked", "mean area"]
STREAKS = (
    "Where a crop reaches over the picture's edge the edge pixels are repeated. A class that has "
    "more of them than another "
    f"teaches a shortcut. Measured on the square with a margin of {MARGIN}; streaked: over 2 % of "
    f"the area."
)
STREAK_ROWS = 3  # equal rows at an edge that make a streak
# deviation along the edge row, in grey levels, below which a streak would not be seen
STREAK_TEXTURE = 4.0
# mean difference of neighbouring rows, in grey levels, that still counts as equal after JPEG
STREAK_DIFFERENCE = 1.0


def streaked(grey: np.ndarray[Any, Any]) -> float:
    """The part of a square crop, (H, W) uint8, that is edge pixels repeated outwards: 0 to 1."""
    kept = 1.0
    for axis in (0, 1):
        rows = grey if axis == 0 else grey.T
        difference = np.abs(np.diff(rows.astype(np.int16), axis=0)).mean(axis=1)
        length = len(rows)
        # a plain background repeats itself without being a streak
        flat = rows.std(axis=1) < STREAK_TEXTURE
        spare = 0
        for edge, plain in ((difference, flat[0]), (difference[::-1], flat[-1])):
            if plain:
                continue
            run = (
                int(np.argmax(edge > STREAK_DIFFERENCE))
                if (edge > STREAK_DIFFERENCE).any()
                else length
            )
            spare += run if run >= STREAK_ROWS else 0
        kept *= max(0.0, 1 - spare / length)
    return 1 - kept


def read_face(chip: Chip, size: int, margin: float = MARGIN) -> Image:
    """The square round a chip's face, (size, size, 3) uint8 BGR.

    Raises:
        ConfigError: If the picture cannot be read.
    """
    return crop_square(read_picture(chip.path), np.array(chip.box, np.float32), margin, size)


def describe(chips: Sequence[Chip], pairs: Sequence[Pair]) -> dict[str, Any]:
    """Counts by class, source and size, near duplicates and streaks: JSON-ready."""
    sources = sorted({c.source for c in chips})
    by_source = {s: Counter(c.label for c in chips if c.source == s) for s in sources}
    px = np.array([c.face_px for c in chips])
    part: dict[tuple[str, str], list[float]] = {}
    for chip in chips:
        grey = cv2.cvtColor(read_face(chip, 96), cv2.COLOR_BGR2GRAY)
        part.setdefault((chip.source, chip.label), []).append(streaked(grey))
    return {
        "count": len(chips),
        "classes": dict(Counter(c.label for c in chips)),
        "sources": {s: dict(counts.items()) for s, counts in by_source.items()},
        "groups": len({c.group for c in chips}),
        "identities": len({c.identity for c in chips if c.identity}),
        "with_landmarks": sum(c.landmarks is not None for c in chips),
        "face_px": {f"p{q}": float(np.percentile(px, q)) for q in (5, 25, 50, 75, 95)},
        "under_32_px": int((px < 32).sum()),
        "streaks": {
            f"{s}/{label}": {
                "count": len(v),
                "streaked": float((np.array(v) > 0.02).mean()),
                "area": float(np.mean(v)),
            }
            for (s, label), v in sorted(part.items())
        },
        "duplicates": {
            "distance_max": DISTANCE_MAX,
            "pairs": len(pairs),
            "chips": len({c.path for p in pairs for c in (p.a, p.b)}),
            "mirrored": sum(p.mirrored for p in pairs),
            "across_sources": sum(p.a.source != p.b.source for p in pairs),
            "across_groups": sum(p.a.group != p.b.group for p in pairs),
            "across_people": [
                _names(p)
                for p in pairs
                if p.a.identity and p.b.identity and p.a.identity != p.b.identity
            ],
            "label_noise": [_names(p) for p in pairs if p.straddles],
        },
    }


def _names(pair: Pair) -> str:
    return (
        f"{_name(pair.a)} ~ {_name(pair.b)} ({pair.distance} "
        f"bits{', mirrored' if pair.mirrored else ''})"
    )


def _name(chip: Chip) -> str:
    return f"{chip.source}/{chip.label}/{chip.path.name}"


def pie(classes: dict[str, int]) -> Figure:
    """The share of each class."""
    figure, axes = plt.subplots(figsize=(4.5, 4.5))
    names = [n for n in LABELS if classes.get(n)]
    axes.pie(
        [classes[n] for n in names],
        labels=[f"{n}\n{classes[n]}" for n in names],
        colors=[COLOURS[n] for n in names],
        autopct="%.0f %%",
    )
    return figure


def bars(sources: dict[str, dict[str, int]]) -> Figure:
    """Classes of each source."""
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(sources) + 1))
    left = np.zeros(len(sources))
    for label in LABELS:
        counts = np.array([by.get(label, 0) for by in sources.values()])
        axes.barh(list(sources), counts, left=left, label=label, color=COLOURS[label])
        left += counts
    axes.invert_yaxis()
    axes.set_xlabel("faces")
    axes.legend()
    return figure


def sizes(chips: Sequence[Chip]) -> Figure:
    """Longer side of the faces in their original pictures, by class."""
    figure, axes = plt.subplots(figsize=(8, 3.5))
    edges = np.geomspace(8, 1024, 43).tolist()
    for label in LABELS:
        px = [c.face_px for c in chips if c.label == label]
        if px:
            axes.hist(
                px,
                edges,
                histtype="step",
                linewidth=1.8,
                label=f"{label} ({len(px)})",
                color=COLOURS[label],
            )
    axes.set_xscale("log", base=2)
    axes.set_xticks([16, 32, 64, 128, 256, 512], ["16", "32", "64", "128", "256", "512"])
    axes.set_xlabel("face in the original picture, longer side in px")
    axes.set_ylabel("faces")
    axes.legend()
    return figure


def samples(
    chips: Sequence[Chip], source: str, label: str, count: int = 12, seed: int = 0
) -> Image | None:
    """A row of faces drawn at random, or None when the source has none of the class."""
    chosen = [c for c in chips if c.source == source and c.label == label]
    if not chosen:
        return None
    rng = np.random.default_rng(seed)
    picked = rng.choice(len(chosen), min(count, len(chosen)), replace=False)
    return grid([read_face(chosen[i], 84) for i in picked], count)


def pair_sheet(pairs: Sequence[Pair], count: int = 40) -> Image:
    """Near duplicates side by side, evenly over the distances."""
    picked = [
        pairs[i]
        for i in np.unique(
            np.linspace(0, len(pairs) - 1, min(count, len(pairs))).round().astype(int)
        )
    ]
    tiles = [np.hstack([read_face(p.a, 96), read_face(p.b, 96)]) for p in picked]
    return grid(
        tiles,
        5,
        [
            f"{p.distance} bits{' mirrored' if p.mirrored else ''} {p.a.label[:4]}/{p.b.label[:4]}"
            for p in picked
        ],
    )


def write_report(chips: Sequence[Chip], out: Path) -> dict[str, Any]:
    """Look at the chips, write `report.html` and `report.json` into `out`, and return what the JSON
    holds.
    """
    output_dir(out)
    pairs = find_pairs(chips)
    found = describe(chips, pairs)
    page = Page(f"Data: {found['count']} faces")
    page.text(
        f"{found['groups']} groups that a split keeps together, {found['identities']} named "
        f"people, "
        f"{found['with_landmarks']} faces with landmarks, {found['under_32_px']} under 32 px."
    )
    page.figure(pie(found["classes"]), "Classes")
    page.heading("Sources")
    page.table(["source", *LABELS], source_rows(found))
    page.figure(bars(found["sources"]), "Faces of each class by source")
    page.heading("Sizes")
    page.figure(sizes(chips), "Size of the faces")
    page.heading("Samples")
    for source in found["sources"]:
        for label in LABELS:
            row = samples(chips, source, label)
            if row is not None:
                page.image(row, f"{source}, {label}")
    page.heading("Streaked borders")
    page.text(STREAKS)
    page.table(STREAK_HEAD, streak_rows(found))
    page.heading("Near duplicates")
    duplicates = found["duplicates"]
    page.text(duplicate_text(duplicates))
    for line in duplicates["across_people"]:
        page.text(line)
    if pairs:
        page.image(pair_sheet(pairs), "Near duplicates, from equal to the furthest taken")
        noise = [p for p in pairs if p.straddles]
        if noise:
            page.image(
                pair_sheet(noise),
                "Near duplicates with different labels: one of each pair is wrong",
            )
    page.save(out / "report.html")
    write_json(out / "report.json", found)
    return found


def write_summary(found: dict[str, Any], chips: Sequence[Chip], folder: Path, command: str) -> None:
    """`data.md` with charts and without any face, which may be kept beside the code."""
    for name, figure in (
        ("classes", pie(found["classes"])),
        ("sources", bars(found["sources"])),
        ("sizes", sizes(chips)),
    ):
        save_figure(figure, folder / f"data_{name}.svg")
    duplicates, px = found["duplicates"], found["face_px"]
    text = (
        f"# Data: {found['count']} faces\n\n    {command}\n\n{found['groups']} groups that a split "
        f"keeps together, "
        f"{found['identities']} named people, {found['with_landmarks']} faces with landmarks. "
        f"Longer side of a face as photographed: "
        f"median {px['p50']:.0f} px, 5 % below {px['p5']:.0f}, {found['under_32_px']} faces under "
        f"32 px.\n\n"
        "![Classes](data_classes.svg)\n![Sources](data_sources.svg)\n![Sizes](data_sizes.svg)\n\n"
        f"## Sources\n\n{markdown_table(['source', *LABELS], source_rows(found))}\n"
        f"## Streaked borders\n\n{STREAKS}\n\n{markdown_table(STREAK_HEAD, streak_rows(found))}\n"
        f"## Near duplicates\n\n{duplicate_text(duplicates)}\n"
    )
    write_text(folder / "data.md", text)


def source_rows(found: dict[str, Any]) -> list[list[object]]:
    """Rows of the table of sources."""
    return [[s, *(by.get(n, 0) for n in LABELS)] for s, by in found["sources"].items()]


def streak_rows(found: dict[str, Any]) -> list[list[object]]:
    """Rows of the table of streaked borders."""
    return [
        [k, v["count"], f"{100 * v['streaked']:.1f} %", f"{100 * v['area']:.1f} %"]
        for k, v in found["streaks"].items()
    ]


def duplicate_text(duplicates: dict[str, Any]) -> str:
    """What was found, in words."""
    noise = duplicates["label_noise"]
    return (
        f"{duplicates['pairs']} pairs of {duplicates['chips']} faces (at most "
        f"{duplicates['distance_max']} of 256 bits of the perceptual "
        f"hash differ; {duplicates['mirrored']} mirrored), {duplicates['across_groups']} of them "
        f"across groups of the plain split, "
        f"{duplicates['across_sources']} across sources, {len(noise)} across "
        f"labels{': ' + '; '.join(noise) if noise else ''}."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.pictures.explore",
        description="Report on a data set of faces.",
    )
    parser.add_argument(
        "data",
        type=Path,
        help="chips with index.csv, VOC, YOLO or class folders (whole pictures or faces)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for report.html and report.json"
    )
    parser.add_argument("--summary", type=Path, help="folder for data.md and charts without faces")
    args = parser.parse_args(argv)
    chips = load_data(args.data, args.out.parent / FOUND_FACES.name)
    found = write_report(chips, args.out)
    if args.summary:
        command = (
            f"python -m monitor.training.pictures.explore {args.data} --out {args.out} "
            f"--summary {args.summary}"
        )
        write_summary(found, chips, args.summary, command)
    print(
        f"{found['count']} faces, {found['duplicates']['pairs']} near-duplicate pairs: see "
        f"{args.out / 'report.html'}"
    )
    return 0


if __name__ == "__main__":
    run_main(main)
