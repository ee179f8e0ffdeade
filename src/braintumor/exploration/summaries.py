"""A computed sentence for each view of the statistics: what to see in it, and the figure's text alternative."""

from typing import Final

import numpy as np

from braintumor.enums import Plane, TumorClass
from braintumor.exploration.effect_size import Point, sample_profile
from braintumor.exploration.statistics import MapName, Statistics
from braintumor.imaging.geometry import position_in_image

Label = TumorClass | str
_MAX_GRAY: Final = 255
# Pixels brighter than this on an average image count as head.
_MIN_HEAD_GRAY: Final = 24 / 255
# Cohen (1988).
_EFFECT_SIZE_WORDS: Final = ((0.2, "negligible"), (0.5, "small"), (0.8, "medium"), (np.inf, "large"))


def describe_class(label: Label, plane: Plane | str | None = None) -> str:
    """A class and plane as a reader says them, such as `axial glioma`."""
    title = TumorClass(label).title.lower()
    return title if plane is None else f"{'plane unknown' if plane == Plane.UNKNOWN else plane} {title}"


def summarize_average(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> str:
    """What the average image of a class shows."""
    values = statistics.average(label, plane)
    head = values > _MIN_HEAD_GRAY
    inside = f"{values[head].mean() * _MAX_GRAY:.0f}" if head.any() else "0"
    return (
        f"The average of {statistics.image_count(label, plane):,} {describe_class(label, plane)} images "
        f"({statistics.group_count(label, plane):,} independent groups) has a mean grey level of {inside} of 255 inside the "
        f"head, which fills {head.mean():.0%} of the frame, and is brightest at the {position_in_image(values)} of the image "
        f"({values.max() * _MAX_GRAY:.0f})."
    )


def summarize_variability(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> str:
    """Where the images of a class differ from one another."""
    values = statistics.variability(label, plane)
    head = statistics.average(label, plane) > _MIN_HEAD_GRAY
    typical = np.median(values[head]) if head.any() else 0.0
    return (
        f"Over {statistics.image_count(label, plane):,} {describe_class(label, plane)} images the grey level of a pixel in the head "
        f"typically varies by {typical * _MAX_GRAY:.0f} levels (standard deviation), and most, by "
        f"{values.max() * _MAX_GRAY:.0f}, at the {position_in_image(values)} of the image."
    )


def summarize_difference(
    statistics: Statistics, a: Label, b: Label, plane: Plane | str | None = None, map_name: MapName = "average"
) -> str:
    """Where one class is brighter, or varies more, than another."""
    values = statistics.difference(a, b, plane, map_name) * _MAX_GRAY
    more, less = ("brighter", "darker") if map_name == "average" else ("more variable", "less variable")
    parts = [
        f"up to {extreme:.0f} grey levels {word} (at the {position_in_image(part)} of the image)"
        for extreme, word, part in ((values.max(), more, values), (-values.min(), less, -values))
        if extreme >= 0.5
    ]
    told = " and ".join(parts) or "nowhere different by half a grey level"
    return (
        f"{describe_class(a, plane).capitalize()} is {told} compared with {describe_class(b)}; half of the frame differs by less than "
        f"{np.median(np.abs(values)):.1f} levels."
    )


def summarize_effect(statistics: Statistics, a: Label, b: Label, plane: Plane | str | None = None) -> str:
    """How much of the difference is more than noise."""
    found = statistics.effect(a, b, plane)
    groups = f"{statistics.group_count(a, plane)} and {statistics.group_count(b, plane)} groups"
    if found is None:
        return (
            f"{describe_class(a, plane).capitalize()} and {describe_class(b)} cannot be compared: {groups} are too few."
        )
    level = found.levels[0]
    kept = found.significant_pixels(level)
    start = f"With {groups}, {kept.mean():.0%} of the frame differs between {describe_class(a, plane)} and {describe_class(b)} "
    if not kept.any():
        return f"{start}at a false discovery rate of {level:.0%}: no pixel differs by more than noise."
    sizes = np.where(kept, np.abs(found.size), 0.0)
    largest = found.size.flat[int(np.argmax(sizes))]
    word = next(word for limit, word in _EFFECT_SIZE_WORDS if sizes.max() < limit)
    return (
        f"{start}by more than noise (false discovery rate {level:.0%}); the largest effect is {word}, "
        f"{largest:+.2f} standard deviations at the {position_in_image(sizes)} of the image."
    )


def summarize_atlas(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> str:
    """Where the tumours of a class lie."""
    values = statistics.atlas(label, plane)
    if values is None:
        return f"There are no tumour masks of {describe_class(label, plane)} images."
    ever = float((values > 0.01).mean())
    return (
        f"In {statistics.mask_count(label, plane):,} {describe_class(label, plane)} images with a mask, tumour lies most often at the "
        f"{position_in_image(values)} of the image, where {values.max():.0%} of them have it; {ever:.0%} of the frame is tumour "
        "in more than one image in a hundred."
    )


def summarize_profile(
    statistics: Statistics, labels: list[Label], start: Point, end: Point, plane: Plane | str | None = None
) -> str:
    """How class averages compare along a line."""
    lines = {label: sample_profile(statistics.average(label, plane), start, end) for label in labels}
    means = ", ".join(
        f"{describe_class(label, plane)} {line.values.mean() * _MAX_GRAY:.0f}" for label, line in lines.items()
    )
    told = f"Mean grey level along the line of {next(iter(lines.values())).distance[-1]:.0f} pixels: {means}"
    if len(labels) != 2:
        return f"{told}."
    gap = lines[labels[0]].values - lines[labels[1]].values
    widest = int(np.argmax(np.abs(gap)))
    return (
        f"{told}; they are furthest apart, by {abs(gap[widest]) * _MAX_GRAY:.0f} levels, "
        f"{lines[labels[0]].distance[widest]:.0f} pixels from the start."
    )
