"""Manual pages of a program and of each of its subcommands, from their own help: chatnode(1), chatnode-admin(1), chatnode-admin-bans-add(1), ...

    man_pages.py PROGRAM FOLDER WHAT_IT_IS

The help is what node/base/help_formatter.hpp prints: a description, a usage line, headings with a colon, "  name  text" below them, and a footer.
"""
import os
import re
import subprocess
import sys

heading = re.compile(r"^([A-Z][^:]*):$")
entry = re.compile(r"^  (\S.*?)(?:  +(\S.*))?$")


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def name_of(words):
    return "-".join(words)


def flag(text):
    """`--room ROOM`, with the option in bold and its value in italics."""
    option, _, value = text.partition(" ")
    return f"\\fB{escaped(option)}\\fR" + (f" \\fI{escaped(value)}\\fR" if value else "")


class Help:
    """A program's answer to --help, taken apart."""

    def __init__(self, program, words):
        text = subprocess.run([program, *words[1:], "--help"], check=True, capture_output=True, text=True).stdout
        lines = text.rstrip("\n").split("\n")
        usage = next(i for i, line in enumerate(lines) if line.startswith("Usage: "))
        self.about = " ".join(lines[:usage]).strip()
        self.usage = lines[usage].removeprefix("Usage: ")
        self.usage = f"{' '.join(words)} {self.usage.split(' ', len(words))[-1]}" if len(self.usage.split()) > len(words) else " ".join(words)
        self.groups, self.footer = [], []
        into = None
        for line in lines[usage + 1:]:
            found = heading.match(line)
            if not self.footer and found and found[1] not in ("Example", "Examples"):
                into = []
                self.groups.append((found[1], into))
            elif into is not None and not self.footer and line.startswith(" "):
                if line.startswith(" " * 10):
                    into[-1][1] = f"{into[-1][1]} {line.strip()}".strip()
                else:
                    into.append([part or "" for part in entry.match(line).groups()])
            elif line or self.footer:
                self.footer.append(line)

    def below(self):
        return [name for title, entries in self.groups if title == "Subcommands" for name, _ in entries]


def footer_sections(lines):
    """What stands below the options: examples as they are typed, exit codes, and the rest."""
    sections = {"EXAMPLES": [], "EXIT STATUS": [], "NOTES": []}
    now = "NOTES"
    for line in lines:
        example = re.match(r"^Examples?:\s*(.*)$", line)
        if example:
            now = "EXAMPLES"
            line = f"  {example[1]}" if example[1] else ""
        elif line.startswith("Exit code"):
            now = "EXIT STATUS"
        elif now == "EXAMPLES" and not line.startswith(" "):
            now = "NOTES"
        if line:
            sections[now].append(line)
    return sections


def page(words, about, help_text, version):
    name = name_of(words)
    out = [f'.TH {name.upper()} 1 "" "Davenport {version}" "User Commands"', ".SH NAME", f"{escaped(name)} \\- {escaped(about)}",
           ".SH SYNOPSIS", f"\\fB{escaped(' '.join(words))}\\fR {escaped(help_text.usage.removeprefix(' '.join(words)).strip())}",
           ".SH DESCRIPTION", escaped(help_text.about[:1].upper() + help_text.about[1:].rstrip(".") + ".")]
    options = [(title, entries) for title, entries in help_text.groups if title not in ("Positionals", "Subcommands")]
    for title, entries in help_text.groups:
        if title == "Positionals":
            out += [".SH ARGUMENTS"] + [line for item, text in entries for line in (".TP", f"\\fI{escaped(item)}\\fR", escaped(text))]
    out.append(".SH OPTIONS")
    for title, entries in options:
        if len(options) > 2:
            out.append(f".SS {escaped(title)}")
        out += [line for item, text in entries for line in (".TP", flag(item), escaped(text))]
    if help_text.below():
        out.append(".SH COMMANDS")
        for title, entries in help_text.groups:
            if title == "Subcommands":
                out += [line for item, text in entries for line in (".TP", f"\\fB{escaped(item)}\\fR", escaped(text))]
    for title, lines in footer_sections(help_text.footer).items():
        if lines:
            out.append(f".SH {title}")
            out += [".nf", *(escaped(line[2:]) for line in lines), ".fi"] if title == "EXAMPLES" else [escaped(line) for line in lines]
    related = [name_of(words[:-1])] if len(words) > 1 else []
    related += [name_of([*words, one]) for one in help_text.below()]
    if related:
        out += [".SH SEE ALSO", *(f".BR {escaped(one)} (1){',' if one != related[-1] else ''}" for one in related)]
    return "\n".join(out) + "\n"


def write(program, folder, words, about, version):
    help_text = Help(program, words)
    with open(os.path.join(folder, f"{name_of(words)}.1"), "w", encoding="utf-8") as file:
        file.write(page(words, about or help_text.about, help_text, version))
    for one in help_text.below():
        write(program, folder, [*words, one], None, version)


program, folder, about = sys.argv[1:4]
name = os.path.basename(program)
os.makedirs(folder, exist_ok=True)
for old in os.listdir(folder):
    if re.fullmatch(rf"{name}(-.*)?\.1", old):
        os.remove(os.path.join(folder, old))
write(program, folder, [name], about, subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip())
