#!/usr/bin/env python3
"""Makes docs/progress.svg: a real run of `brimful export` in a terminal of its own, recorded as it went.

    cargo build --release -p brimful-cli && docs/make-picture.py

The program runs under a pseudo-terminal. What it writes is played into a small model of a terminal, and the picture
shows the model's screen five times a second, at the speed of the run. Nothing in it is drawn by hand.
"""

import codecs
import fcntl
import html
import os
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time

COLUMNS, LINES = 104, 6
FRAME = 0.2  # seconds
HOLD = 4.0  # seconds for the end
CELL, LINE = 8.4, 20  # pixels
PAD, TITLE = 16, 34
COMMAND = ["export", "crm.lead.list", "--portal", "demo", "-o", "leads.jsonl"]
COLOURS = {None: "#d8dee9", "36": "#88c0d0", "2": "#4c566a", "prompt": "#a3be8c"}
BLOCKS = {"█": 1, "▉": 7 / 8, "▊": 6 / 8, "▋": 5 / 8, "▌": 4 / 8, "▍": 3 / 8, "▎": 2 / 8, "▏": 1 / 8, "░": 1}


def record(program, folder):
    """The run, as (seconds, text) pairs."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ["TERM"] = "xterm-256color"
        for name in ("NO_COLOR", "BRIMFUL_PORTAL", "BRIMFUL_LOG"):
            os.environ.pop(name, None)
        os.execv(program, ["brimful", *COMMAND])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    decoder, began, recording = codecs.getincrementaldecoder("utf-8")(), time.monotonic(), []
    while True:
        select.select([terminal], [], [])
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other side is gone
            break
        if not data:
            break
        recording.append((time.monotonic() - began, decoder.decode(data)))
    _, status = os.waitpid(pid, 0)
    if status != 0:
        sys.exit("the run failed: " + "".join(text for _, text in recording))
    return recording


class Screen:
    """As much of a terminal as a progress bar needs."""

    def __init__(self):
        self.lines = [[]]
        self.row = self.column = 0
        self.colour = None

    def write(self, text):
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]|\x1b", text):
            if part.startswith("\x1b["):
                self.control(part[2:-1], part[-1])
            elif part == "\r":
                self.column = 0
            elif part == "\n":
                self.row += 1
            elif part >= " ":
                self.put(part)

    def control(self, number, letter):
        if letter == "m":
            codes = [code for code in number.split(";") if code in COLOURS]
            self.colour = codes[-1] if codes else None
        elif letter == "K":
            line = self.line()
            del line[0 if number == "2" else self.column:]
        elif letter == "A":
            self.row = max(0, self.row - int(number or 1))
        elif letter == "B":
            self.row += int(number or 1)

    def line(self):
        while len(self.lines) <= self.row:
            self.lines.append([])
        return self.lines[self.row]

    def put(self, character):
        line = self.line()
        while len(line) <= self.column:
            line.append((" ", None))
        line[self.column] = (character, self.colour)
        self.column += 1

    def shown(self):
        return tuple(tuple(line) for line in self.lines)


def frames(recording):
    """What the screen shows every FRAME seconds, and at the end."""
    screen, shown, due = Screen(), [], FRAME
    for at, text in recording:
        while at >= due:
            shown.append(screen.shown())
            due += FRAME
        screen.write(text)
    shown.append(screen.shown())
    return shown


def draw_line(line, top):
    parts, at = [], 0
    while at < len(line):
        character, colour = line[at]
        if character in BLOCKS:
            end = at
            while end < len(line) and line[end] == (character, colour):
                end += 1
            width = (end - at - 1 + BLOCKS[character]) * CELL
            shade = ' fill-opacity=".55"' if character == "░" else ""
            parts.append(f'<rect x="{at * CELL:.1f}" y="{top + 4}" width="{width:.1f}" height="13" fill="{COLOURS[colour]}"{shade}/>')
        else:
            end = at
            while end < len(line) and line[end][1] == colour and line[end][0] not in BLOCKS:
                end += 1
            text = "".join(c for c, _ in line[at:end]).rstrip()
            if text:
                parts.append(f'<text x="{at * CELL:.1f}" y="{top + 15}" textLength="{len(text) * CELL:.1f}" fill="{COLOURS[colour]}">{html.escape(text)}</text>')
        at = end
    return "".join(parts)


def picture(shown):
    lines = max(len([line for line in frame if line]) for frame in shown) + 1
    height, width = lines * LINE, COLUMNS * CELL
    prompt = [("$", "prompt"), *((c, None) for c in " brimful " + " ".join(COMMAND))]
    body = []
    for number, frame in enumerate(shown):
        top = number * height
        drawn = [draw_line(line, top + (at + 1) * LINE) for at, line in enumerate(frame) if at < lines - 1]
        body.append(draw_line(prompt, top) + "".join(drawn))
    total = len(shown) * FRAME + HOLD
    steps = "".join(f"{n * FRAME / total:.2%}{{transform:translateY({-n * height}px)}}" for n in range(len(shown)))
    still = len(shown) * 2 // 3
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 2 * PAD:.0f} {height + PAD + TITLE}" role="img" aria-label="brimful export at work: a progress bar and the closing account">
<style>
text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }}
.run {{ transform: translateY({-still * height}px); animation: run {total:.1f}s step-end infinite; }}
@keyframes run {{ {steps} }}
@media (prefers-reduced-motion: reduce) {{ .run {{ animation: none; }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="#2e3440"/>
<g fill="#4c566a"><circle cx="18" cy="16" r="5"/><circle cx="36" cy="16" r="5"/><circle cx="54" cy="16" r="5"/></g>
<svg x="{PAD}" y="{TITLE}" width="{width:.0f}" height="{height}" overflow="hidden"><g class="run" xml:space="preserve">
{chr(10).join(body)}
</g></svg>
</svg>
"""


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    program = os.path.join(target, "release", "brimful")
    if not os.access(program, os.X_OK):
        sys.exit(f"there is no {program}: run cargo build --release first")
    folder = tempfile.mkdtemp()
    try:
        recording = record(program, folder)
    finally:
        shutil.rmtree(folder)
    path = os.path.join(root, "docs", "progress.svg")
    with open(path, "w", encoding="utf-8") as file:
        file.write(picture(frames(recording)))
    print(f"{path}: {recording[-1][0]:.1f} s of a real run")


main()
