"""Draws every dashboard as a picture: python pictures.py PROMETHEUS dashboards/grafana docs/pictures

Each panel is drawn where Grafana has it, from the same query, unit and legend, out of what that Prometheus recorded.
"""

import datetime
import json
import math
import pathlib
import sys
import time
import urllib.parse
import urllib.request

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates
import matplotlib.patches
import matplotlib.pyplot as pyplot
from matplotlib.ticker import FuncFormatter, MaxNLocator

BACKGROUND, PANEL, EDGE, TEXT, FAINT = "#f4f5f5", "#ffffff", "#dcdfe3", "#24292e", "#7b8087"
# By how well they are told apart, also by those who see few colours.
LINES = ["#3274d9", "#e8833a", "#299c46", "#b877d9", "#c4162a", "#17a2b8", "#8f6b1f", "#d6569b", "#6b7280", "#84b519"]
THRESHOLDS = {"green": "#299c46", "orange": "#e8833a", "yellow": "#e0b400", "red": "#c4162a", "blue": "#3274d9"}
# Inches of a grid cell of Grafana's, of which a dashboard is 24 wide.
WIDE, HIGH = 0.56, 0.34
DPI = 80
# Grafana's own words for what is not chosen, and the width of rates on a server that is asked every second.
VARIABLES = {"$__rate_interval": "1m", "$__range": "15m", "$__interval": "5s"}
MOST = 8


def ask(server, what, **parameters):
    url = f"{server}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)["data"]


def filled(expr, dashboard):
    """A query with what Grafana puts in when the dashboard opens: everything that can be chosen."""
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    for variable in dashboard.get("templating", {}).get("list", []):
        words = variable.get("query") if variable["type"] == "custom" else None
        options = [word.strip().split(" : ")[-1] for word in words.split(",")] if isinstance(words, str) else []
        expr = expr.replace("$" + variable["name"], "|".join(options) or ".+")
        expr = expr.replace("${" + variable["name"] + "}", "|".join(options) or ".+")
    return expr


def legend(pattern, labels):
    if not pattern or pattern == "__auto":
        return ", ".join(value for name, value in sorted(labels.items()) if name != "__name__") or "value"
    for name, value in labels.items():
        pattern = pattern.replace("{{" + name + "}}", value).replace("{{ " + name + " }}", value)
    while "{{" in pattern:
        begin, end = pattern.index("{{"), pattern.index("}}") + 2
        pattern = pattern[:begin] + pattern[end:]
    return " ".join(pattern.split())


def scaled(value, factor, units):
    size = abs(value)
    for unit in units[:-1]:
        if size < factor:
            return value, unit
        value, size = value / factor, size / factor
    return value, units[-1]


def digits(value):
    if value == 0 or abs(value) >= 1e15:
        return f"{value:.0f}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def written(value, unit):
    """A number as Grafana writes it."""
    if value is None or math.isnan(value):
        return "none"
    if math.isinf(value):
        return "endless"
    if unit == "percentunit":
        return f"{digits(round(value * 100, 2))} %"
    if unit == "bytes":
        number, suffix = scaled(value, 1024, ["B", "KiB", "MiB", "GiB"])
        return f"{digits(number)} {suffix}"
    if unit == "s":
        size = abs(value)
        for least, by, suffix in [(2 * 86400, 86400, "d"), (2 * 3600, 3600, "h"), (120, 60, "min"), (1, 1, "s")]:
            if size >= least:
                return f"{digits(value / by)} {suffix}"
        return f"{digits(value * 1000)} ms" if value else "0 s"
    number, suffix = scaled(value, 1000, ["", " k", " M", " G"])
    return digits(number) + suffix + {"reqps": " req/s", "ops": " /s"}.get(unit, "")


def colour(value, defaults):
    for mapping in defaults.get("mappings", []):
        state = mapping.get("options", {}).get(f"{value:g}") if mapping.get("type") == "value" else None
        if state and state.get("color"):
            return THRESHOLDS.get(state["color"], state["color"])
    steps = defaults.get("thresholds", {}).get("steps", [])
    chosen = "green"
    for step in steps:
        if step.get("value") is None or value >= step["value"]:
            chosen = step["color"]
    return THRESHOLDS.get(chosen, chosen if chosen.startswith("#") else TEXT)


class Drawing:
    """One dashboard."""

    def __init__(self, server, dashboard, begin, end):
        self.server, self.dashboard, self.begin, self.end = server, dashboard, begin, end
        self.panels = list(self.all_panels())
        self.height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in self.panels)
        self.figure = pyplot.figure(figsize=(24 * WIDE, (self.height + 2) * HIGH), facecolor=BACKGROUND)

    def all_panels(self):
        for panel in self.dashboard["panels"]:
            yield panel
            yield from panel.get("panels", [])  # of a row that is folded

    def place(self, panel, left=0.0, right=0.0, top=0.0, bottom=0.0):
        """Axes within a panel; margins in inches."""
        grid, whole = panel["gridPos"], (24 * WIDE, (self.height + 2) * HIGH)
        x, width = grid["x"] * WIDE + left, grid["w"] * WIDE - left - right
        y = (self.height - grid["y"] - grid["h"]) * HIGH + bottom
        height = grid["h"] * HIGH - top - bottom
        return self.figure.add_axes((x / whole[0], y / whole[1], width / whole[0], height / whole[1]))

    def series(self, panel):
        """Name and points of every series of every query."""
        step = max(1, round((self.end - self.begin) / 240))
        for target in panel.get("targets", []):
            data = ask(self.server, "query_range", query=filled(target["expr"], self.dashboard), start=self.begin,
                       end=self.end, step=step)
            for one in data["result"]:
                points = [(float(at), float(value)) for at, value in one["values"]]
                points = [(at, value) for at, value in points if math.isfinite(value)]
                # A table has a column for each label.
                pattern = "" if panel["type"] == "table" else target.get("legendFormat", "")
                if points:
                    yield legend(pattern, one["metric"]), points

    def draw(self):
        title = self.place({"gridPos": {"x": 0, "y": -2, "w": 24, "h": 2}})
        title.axis("off")
        title.text(0.012, 0.42, self.dashboard["title"], fontsize=17, weight="bold", color=TEXT, va="center")
        said = self.dashboard.get("description", "")
        title.text(0.99, 0.42, said, fontsize=9, color=FAINT, va="center", ha="right")
        for panel in self.panels:
            kind = panel["type"]
            if kind == "row":
                axes = self.place(panel)
                axes.axis("off")
                axes.text(0.012, 0.35, panel["title"], fontsize=11, weight="bold", color=TEXT, va="center")
                continue
            self.frame(panel)
            drawn = {"stat": self.stat, "table": self.table, "bargauge": self.bars, "state-timeline": self.states}
            drawn.get(kind, self.lines)(panel, sorted(self.series(panel), key=lambda one: -max(point[1] for point in one[1])))

    def frame(self, panel):
        axes = self.place(panel, 0.05, 0.05, 0.04, 0.04)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_facecolor(PANEL)
        for spine in axes.spines.values():
            spine.set_color(EDGE)
        # Small enough for its panel.
        size = min(8.5, (panel["gridPos"]["w"] * WIDE - 0.25) * 72 / len(panel["title"]) / 0.62)
        inches = panel["gridPos"]["h"] * HIGH - 0.08
        axes.text(0.09 / (panel["gridPos"]["w"] * WIDE), 1 - 0.15 / inches, panel["title"], fontsize=size, weight="bold",
                  color=TEXT, va="center", transform=axes.transAxes)

    def nothing(self, panel, why):
        axes = self.place(panel, 0.1, 0.1, 0.3, 0.1)
        axes.axis("off")
        axes.text(0.5, 0.5, why, fontsize=8.5, color=FAINT, ha="center", va="center")

    def missing(self, panel):
        mesh = "istio" in json.dumps(panel.get("targets")) or "envoy" in json.dumps(panel.get("targets"))
        self.nothing(panel, "only in the mesh" if mesh else "nothing to show")

    def stat(self, panel, series):
        """Every value, in as many lines as it takes."""
        if not series:
            return self.missing(panel)
        axes = self.place(panel, 0.1, 0.1, 0.3, 0.08)
        axes.axis("off")
        defaults, inches = panel["fieldConfig"]["defaults"], panel["gridPos"]["w"] * WIDE
        rows = math.ceil(len(series) / max(1, int(inches / (0.55 if len(series) < 6 else 1.5))))
        columns = math.ceil(len(series) / rows)
        for n, (name, points) in enumerate(series):
            value, x, top = points[-1][1], (n % columns + 0.5) / columns, 1 - n // columns / rows
            words = written(value, defaults.get("unit"))
            size = min(24 / rows, inches / columns * 72 / max(len(words), 3) * 1.5)
            axes.text(x, top - 0.42 / rows, words, fontsize=size, weight="bold", ha="center", va="center",
                      color=colour(value, defaults), transform=axes.transAxes)
            if len(series) > 1 or panel["options"]["textMode"] == "value_and_name":
                size = min(7.5, inches / columns * 72 / len(name) * 1.5)
                axes.text(x, top - 0.88 / rows, name, fontsize=size, color=FAINT, ha="center", va="center",
                          transform=axes.transAxes)

    def lines(self, panel, series):
        if not series:
            return self.missing(panel)
        wide = panel["gridPos"]["w"] * WIDE
        # Where something is, what is at 0 all the time needs no name.
        some = [one for one in series if any(point[1] for point in one[1])] or series
        named, zeros = min(len(some), MOST), len(series) - len(some)
        more = f"{len(some) - named} more" if len(some) > named else ""
        more = " and ".join(part for part in [more, f"{zeros} at 0" if zeros else ""] if part)
        columns = max(1, min(named, int(wide / 2.1)))
        rows = math.ceil(named / columns) + bool(more)
        axes = self.place(panel, 0.72, 0.2, 0.34, 0.36 + 0.17 * rows)
        unit, defaults = panel["fieldConfig"]["defaults"].get("unit"), panel["fieldConfig"]["defaults"]
        for n, (name, points) in enumerate(series):
            at = [datetime.datetime.fromtimestamp(point[0]) for point in points]
            label = name if len(name) < 34 else name[:33] + "…"
            axes.plot(at, [point[1] for point in points], color=LINES[n % len(LINES)], linewidth=1.3,
                      label=label if n < named else None)
        axes.set_xlim(datetime.datetime.fromtimestamp(self.begin), datetime.datetime.fromtimestamp(self.end))
        bottom, top = axes.get_ylim()
        least = min(point[1] for _, points in series for point in points)
        if least >= 0 and (least < 0.5 * top or unit == "percentunit"):
            axes.set_ylim(0, max(top, 1e-9) if top > bottom else 1)
        if all(point[1] == 0 for _, points in series for point in points):
            axes.set_ylim(0, 1)
        self.tidy(axes, unit)
        for step in defaults.get("thresholds", {}).get("steps", [])[1:]:
            if step.get("value") is not None and bottom < step["value"] < axes.get_ylim()[1]:
                axes.axhline(step["value"], color=THRESHOLDS.get(step["color"], FAINT), linewidth=0.8, linestyle="--")
        inches = panel["gridPos"]["h"] * HIGH - 0.34 - 0.36 - 0.17 * rows
        axes.legend(loc="upper left", bbox_to_anchor=(-0.5 / wide, -0.26 / inches), ncols=columns, fontsize=7,
                    frameon=False, handlelength=1.2, columnspacing=1.2, labelcolor=TEXT, borderaxespad=0,
                    labelspacing=0.25, title=f"and {more}" if more else None, title_fontsize=7, alignment="left")

    def states(self, panel, series):
        """A band for each series, in the colour of what it was."""
        if not series:
            return self.missing(panel)
        axes = self.place(panel, 1.9, 0.2, 0.34, 0.3)
        defaults, step = panel["fieldConfig"]["defaults"], max(1, round((self.end - self.begin) / 240))
        shown = sorted(series)[:MOST]
        for n, (_, points) in enumerate(shown):
            at = [matplotlib.dates.date2num(datetime.datetime.fromtimestamp(point[0])) for point in points]
            colours = [colour(point[1], defaults) for point in points]
            axes.broken_barh([(x, step / 86400) for x in at], (n + 0.12, 0.76), facecolors=colours)
        self.tidy(axes, None)
        axes.grid(False)
        axes.set_xlim(datetime.datetime.fromtimestamp(self.begin), datetime.datetime.fromtimestamp(self.end))
        axes.set_ylim(len(shown), 0)
        axes.set_yticks([n + 0.5 for n in range(len(shown))], [name[:30] for name, _ in shown])

    def tidy(self, axes, unit):
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, unit)))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.xaxis.set_major_locator(matplotlib.dates.AutoDateLocator(minticks=3, maxticks=6))
        axes.xaxis.set_major_formatter(matplotlib.dates.DateFormatter("%H:%M:%S" if self.end - self.begin < 600 else "%H:%M"))
        axes.tick_params(labelsize=7, colors=FAINT, length=0)
        axes.grid(color="#eceef0", linewidth=0.8)
        axes.set_axisbelow(True)
        for name, spine in axes.spines.items():
            spine.set_visible(name == "bottom")
            spine.set_color(EDGE)

    def now(self, panel):
        """What a table shows: only what is there now, or was last."""
        last = {}
        for name, points in self.series(panel):
            last[name] = points[-1][1]
        return sorted(last.items(), key=lambda one: -one[1])

    def table(self, panel, _):
        rows = self.now(panel)
        if not rows:
            return self.missing(panel)
        axes = self.place(panel, 0.15, 0.15, 0.34, 0.06)
        axes.axis("off")
        defaults = panel["fieldConfig"]["defaults"]
        fit = max(1, int((panel["gridPos"]["h"] * HIGH - 0.4) / 0.2))
        shown = rows[:fit] if len(rows) <= fit else rows[: fit - 1]
        for n, (name, value) in enumerate(shown):
            y = 1 - (n + 0.5) / fit
            axes.text(0, y, name[: int(panel["gridPos"]["w"] * 6)], fontsize=8, color=TEXT, va="center")
            axes.text(1, y, written(value, defaults.get("unit")), fontsize=8, weight="bold", ha="right", va="center",
                      color=colour(value, defaults))
            axes.axhline(1 - (n + 1) / fit, color="#eceef0", linewidth=0.8)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        if len(shown) < len(rows):
            axes.text(0, 0.5 / fit, f"and {len(rows) - len(shown)} more", fontsize=7.5, color=FAINT, va="center")

    def bars(self, panel, _):
        rows = self.now(panel)
        if not rows:
            return self.missing(panel)
        axes = self.place(panel, 0.15, 0.15, 0.36, 0.1)
        axes.axis("off")
        defaults = panel["fieldConfig"]["defaults"]
        most = 1 if defaults.get("unit") == "percentunit" else max(max(abs(value) for _, value in rows), 1e-9)
        fit = max(len(rows), 3)
        # What is left of a budget, or until an end: the least of it is looked at first.
        for n, (name, value) in enumerate(reversed(rows)):
            y = 1 - (n + 0.5) / fit
            axes.text(0, y, name[:40], fontsize=8, color=TEXT, va="center")
            axes.barh(y, 0.45, left=0.38, height=0.5 / fit, color="#eceef0")
            axes.barh(y, 0.45 * min(max(value / most, 0), 1), left=0.38, height=0.5 / fit, color=colour(value, defaults))
            axes.text(1, y, written(value, defaults.get("unit")), fontsize=8, weight="bold", ha="right", va="center",
                      color=colour(value, defaults))
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)


def recorded(server):
    """From when to when every service answered."""
    now = time.time()
    data = ask(server, "query_range", query="count(count by (service) (up == 1))", start=now - 3600, end=now, step=1)
    counts = [(float(at), int(value)) for at, value in data["result"][0]["values"]]
    most = max(count for _, count in counts)
    times = [at for at, count in counts if count == most]
    return times[0], times[-1]


def smaller(path):
    """With 160 colours, which nobody sees, a third of the size."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.convert("RGB").quantize(colors=160, dither=Image.Dither.NONE).save(path, optimize=True)


def main():
    server, source, target = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    pyplot.rcParams["font.family"] = "DejaVu Sans"
    begin, end = recorded(server)
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.png"):
        old.unlink()
    for file in sorted(source.glob("*.json")):
        drawing = Drawing(server, json.loads(file.read_text()), begin, end)
        drawing.draw()
        path = target / f"{file.stem}.png"
        drawing.figure.savefig(path, dpi=DPI, facecolor=BACKGROUND)
        pyplot.close(drawing.figure)
        smaller(path)
        print(f"{path}: {path.stat().st_size} bytes")


main()
