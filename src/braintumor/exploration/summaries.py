"""Summarize each view of the statistics in a computed sentence, which is also the text alternative of its figure."""

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
    """Return class and plane in words, such as `axial glioma`."""
    title = TumorClass(label).title.lower()
    return title if plane is None else f"{'plane unknown' if plane == Plane.UNKNOWN else plane} {title}"


def summarize_average(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> str:
    """Summarize the average image of a class."""
    values = statistics.average(label, plane)
    head = values > _MIN_HEAD_GRAY
    mean = f"{values[head].mean() * _MAX_GRAY:.0f}" if head.any() else "0"
    return (
        f"The average of {statistics.image_count(label, plane):,} {describe_class(label, plane)} images "
        f"({statistics.group_count(label, plane):,} independent groups) has a mean grey level of {mean} of 255 inside "
        f"the head, which fills {head.mean():.0%} of the frame. The brightest pixel "
        f"({values.max() * _MAX_GRAY:.0f}) is at the {position_in_image(values)} of the image."
    )


def summarize_variability(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> str:
    """Summarize where the images of a class vary."""
    values = statistics.variability(label, plane)
    head = statistics.average(label, plane) > _MIN_HEAD_GRAY
    typical = np.median(values[head]) if head.any() else 0.0
    return (
        f"Over {statistics.image_count(label, plane):,} {describe_class(label, plane)} images, the grey level of a "
        f"pixel in the head typically varies by {typical * _MAX_GRAY:.0f} levels (standard deviation). It varies most, "
        f"by {values.max() * _MAX_GRAY:.0f}, at the {position_in_image(values)} of the image."
    )


def summarize_difference(
    statistics: Statistics, a: Label, b: Label, plane: Plane | str | None = None, map_name: MapName = "average"
) -> str:
    """Summarize where one class is brighter, or varies more, than another."""
    values = statistics.difference(a, b, plane, map_name) * _MAX_GRAY
    more, less = ("brighter", "darker") if map_name == "average" else ("more variable", "less variable")
    extremes = [
        f"up to {extreme:.0f} grey levels {word} (at the {position_in_image(signed)} of the image)"
        for extreme, word, signed in ((values.max(), more, values), (-values.min(), less, -values))
        if extreme >= 0.5
    ]
    described = " and ".join(extremes) or "nowhere different by half a grey level"
    return (
        f"{describe_class(a, plane).capitalize()} is {described} compared with {describe_class(b)}. Half of the frame "
        f"differs by less than {np.median(np.abs(values)):.1f} levels."
    )


def summarize_effect(statistics: Statistics, a: Label, b: Label, plane: Plane | str | None = None) -> str:
    """Summarize where the difference of two classes is significant, and how large it is."""
    effect = statistics.effect(a, b, plane)
    first, second = describe_class(a, plane), describe_class(b)
    groups = f"{statistics.group_count(a, plane)} and {statistics.group_count(b, plane)} groups"
    if effect is None:
        return f"{first.capitalize()} and {second} cannot be compared: {groups} are too few."
    level = effect.levels[0]
    significant = effect.significant_pixels(level)
    start = f"With {groups}, {significant.mean():.0%} of the frame differs significantly between {first} and {second} "
    if not significant.any():
        return f"{start}(false discovery rate {level:.0%}): no pixel differs by more than noise."
    sizes = np.where(significant, np.abs(effect.size), 0.0)
    largest = effect.size.flat[int(np.argmax(sizes))]
    word = next(word for limit, word in _EFFECT_SIZE_WORDS if sizes.max() < limit)
    return (
        f"{start}(false discovery rate {level:.0%}). The largest effect is {word}, {largest:+.2f} standard deviations "
        f"at the {position_in_image(sizes)} of the image."
    )


def summarize_atlas(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> str:
    """Summarize where the tumours of a class lie."""
    values = statistics.atlas(label, plane)
    if values is None:
        return f"There are no tumour masks of {describe_class(label, plane)} images."
    share = float((values > 0.01).mean())
    return (
        f"In {statistics.mask_count(label, plane):,} {describe_class(label, plane)} images with a mask, tumour is most "
        f"frequent at the {position_in_image(values)} of the image, where {values.max():.0%} of the masks overlap. "
        f"{share:.0%} of the frame is tumour in more than 1% of the images."
    )


def summarize_profile(
    statistics: Statistics, labels: list[Label], start: Point, end: Point, plane: Plane | str | None = None
) -> str:
    """Summarize how class averages compare along a line."""
    lines = {label: sample_profile(statistics.average(label, plane), start, end) for label in labels}
    means = ", ".join(
        f"{describe_class(label, plane)} {line.values.mean() * _MAX_GRAY:.0f}" for label, line in lines.items()
    )
    summary = f"Mean grey level along the line of {next(iter(lines.values())).distance[-1]:.0f} pixels: {means}."
    if len(labels) != 2:
        return summary
    gap = lines[labels[0]].values - lines[labels[1]].values
    widest = int(np.argmax(np.abs(gap)))
    return (
        f"{summary} The largest difference is {abs(gap[widest]) * _MAX_GRAY:.0f} levels, "
        f"{lines[labels[0]].distance[widest]:.0f} pixels from the start."
    )
