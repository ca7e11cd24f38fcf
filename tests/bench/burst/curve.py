"""Draws a season as an SVG picture: what came in, what waited, and how long the slowest answer of each second took."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.bench.burst.simulate import Outcome

WIDTH, HEIGHT = 760, 430
LEFT, RIGHT = 64, 20
PANELS = ((44, 190), (276, 100))  # top and height
GRID, TEXT, CAME, WAITED, SLOWEST, BURST = "#d0d7de", "#57606a", "#0969da", "#bc4c00", "#8250df", "#fff1e5"
Points = "Sequence[tuple[float, float]]"


def draw_curve(outcome: Outcome) -> str:
    """The picture, with its own white ground, so that it reads on dark pages too."""
    season, began = outcome.season, outcome.answers["began"]
    looks = [(look.at - began, float(look.webhooks + look.requests)) for look in outcome.looks if look.at >= began]
    seconds = outcome.answers["each_second"]
    came = [(float(second), float(count)) for second, count, _ in seconds]
    slowest = [(float(second), float(ms)) for second, _, ms in seconds]
    end = max([season.seconds, *(at for at, _ in looks)])

    def across(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / end

    highest = _round_up(max(value for _, value in [*looks, *came]))
    title = f"{season.shops:,} shops: {outcome.sent:,} webhooks, ten times as many in the burst"
    drained = "not drained" if outcome.drained_s is None else f"drained {outcome.drained_s:.0f} s after the burst"
    parts = [_text(LEFT, 22, title, weight="600"), _text(WIDTH - RIGHT, 22, drained, anchor="end")]
    for top, height in PANELS:
        width = across(season.burst_ends) - across(season.burst_begins)
        parts.append(
            f'<rect x="{across(season.burst_begins):.1f}" y="{top}" width="{width:.1f}" height="{height}" fill="{BURST}"/>'
        )
    first, second = (_scale(top, height) for top, height in PANELS)
    parts += _draw_axis(PANELS[0], highest, "webhooks")
    parts += _draw_axis(PANELS[1], limit := _round_up(max([100.0, *(ms for _, ms in slowest)])), "ms")
    parts.append(_line([(across(at), first(value / highest)) for at, value in looks], WAITED))
    parts.append(_line(_steps(came, across, lambda value: first(value / highest)), CAME))
    parts.append(_line(_steps(slowest, across, lambda value: second(value / limit)), SLOWEST))
    for at in range(0, int(end) + 1, 10):
        parts.append(_text(across(at), HEIGHT - 34, f"{at} s", anchor="middle"))
    for place, (name, colour) in enumerate(
        {"came in each second": CAME, "waited": WAITED, "slowest answer of the second": SLOWEST}.items()
    ):
        x = LEFT + 190 * place
        parts.append(f'<rect x="{x}" y="{HEIGHT - 18}" width="14" height="4" fill="{colour}"/>')
        parts.append(_text(x + 20, HEIGHT - 11, name))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}; {drained}"'
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    return "\n".join([f'{head} font-family="sans-serif" font-size="12">', ground, *parts, "</svg>"]) + "\n"


def _scale(top: float, height: float) -> Callable[[float], float]:
    return lambda share: top + height * (1 - share)


def _draw_axis(panel: tuple[int, int], highest: float, unit: str) -> list[str]:
    top, height = panel
    parts = []
    for share in (0, 0.5, 1):
        y = _scale(top, height)(share)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{highest * share:,.0f}", anchor="end"))
    return [*parts, _text(4, top - 10, unit)]


def _steps(
    points: Iterable[tuple[float, float]], across: Callable[[float], float], up: Callable[[float], float]
) -> list[tuple[float, float]]:
    return [(across(at + side), up(value)) for at, value in points for side in (0, 1)]


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round"/>'


def _text(x: float, y: float, what: str, *, anchor: str = "start", weight: str = "400") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{TEXT}" text-anchor="{anchor}" font-weight="{weight}">{what}</text>'


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    size = 1.0
    while True:
        for step in (1, 2, 5):
            if size * step >= value:
                return size * step
        size *= 10
