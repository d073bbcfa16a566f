#!/usr/bin/python3
"""Writes the man pages of a program, one a command, from the definitions of its own parser.

    manual.py PROGRAM FOLDER        writes FOLDER/unstuck.1, FOLDER/unstuck-diagnose.1, ...

The date is that of SOURCE_DATE_EPOCH, or today's.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def literal(text):
    """Bold, with what stands in backquotes; one line."""
    return f"\\fB{escape(text)}\\fP"


def prose(text):
    """Running text: `code` becomes bold."""
    parts = re.split(r"`([^`]*)`", text)
    return "".join(literal(part) if number % 2 else escape(part) for number, part in enumerate(parts))


def spelled(name):
    return ("-" if name["kind"] == "short" else "--") + name["name"]


def shown(arguments):
    return [argument for argument in arguments if argument["shouldDisplay"]]


def synopsis(words, arguments, has_subcommands):
    parts = [literal(" ".join(words))]
    for argument in shown(arguments):
        value = f"\\fI{escape(argument['valueName'])}\\fP"
        if argument["kind"] == "positional":
            part = value
        elif argument["kind"] == "flag":
            part = literal(spelled(argument["preferredName"]))
        else:
            part = f"{literal(spelled(argument['preferredName']))} {value}"
        if argument["isRepeating"]:
            part += " ..."
        parts.append(f"[{part}]" if argument["isOptional"] else part)
    if has_subcommands:
        parts.append("\\fIcommand\\fP")
    return "\n".join(parts)


def option(argument):
    value = f" \\fI{escape(argument['valueName'])}\\fP"
    if argument["kind"] == "positional":
        head = value.strip()
    else:
        names = ", ".join(literal(spelled(name)) for name in argument["names"])
        head = names + (value if argument["kind"] == "option" else "")
    lines = [".TP", head, prose(argument.get("abstract", "No description."))]
    if argument.get("allValues"):
        lines.append("One of: " + ", ".join(literal(word) for word in argument["allValues"]) + ".")
    if argument.get("defaultValue"):
        lines.append(f"Default: {literal(argument['defaultValue'])}.")
    if argument.get("discussion"):
        lines.append(prose(argument["discussion"]))
    return lines


def discussion(text):
    """The text of --help: paragraphs, then sections with a title in capitals and indented lines."""
    lines, section = [], None
    for line in text.splitlines():
        content = line.strip()
        indent = len(line) - len(line.lstrip())
        if not content:
            if section is None and lines:
                lines.append(".PP")
        elif indent == 0 and re.fullmatch(r"[A-Z][A-Z ]+", content):
            if lines and lines[-1] == ".PP":
                lines.pop()
            section = content
            lines.append(f".SH {content}")
        elif section == "EXIT STATUS":
            for status in re.split(r" · ", content):
                number = re.match(r"(\d+)\s+(.*)", status)
                lines += [".TP", literal(number[1]), prose(number[2])] if number else [prose(status)]
        elif section and indent <= 2:
            lines += [".TP", literal(content)]
        else:
            lines.append(prose(content))
    while lines and lines[-1] == ".PP":
        lines.pop()
    return lines


def page(words, command, version, date):
    name = "-".join(words)
    abstract = command.get("abstract", "")
    children = [child for child in command.get("subcommands", []) if child["shouldDisplay"]]
    children = [child for child in children if child["commandName"] != "help"]
    arguments = shown(command.get("arguments", []))
    lines = [
        f'.TH {escape(name.upper())} 1 {date} "{version}" "Unstuck"',
        ".SH NAME", f"{escape(name)} \\- {escape(abstract[:1].lower() + abstract[1:]).rstrip('.')}",
        ".SH SYNOPSIS", synopsis(words, arguments, bool(children)),
    ]
    described = discussion(command.get("discussion", ""))
    own = next((at for at, line in enumerate(described) if line.startswith(".SH ")), len(described))
    lines += [".SH DESCRIPTION", *(described[:own] or [prose(abstract)])]
    if children:
        lines += [".SH COMMANDS"]
        for child in children:
            is_default = child["commandName"] == command.get("defaultSubcommand")
            lines += [".TP", literal(child["commandName"])]
            lines += [prose(child.get("abstract", "")) + (" The default." if is_default else "")]
    if arguments:
        lines += [".SH OPTIONS"] + [line for argument in arguments for line in option(argument)]
    lines += described[own:]
    related = [[*words, child["commandName"]] for child in children] + ([words[:-1]] if len(words) > 1 else [])
    if related:
        names = [f".BR {escape('-'.join(other))} (1)" for other in related]
        lines += [".SH SEE ALSO", *(f"{name}," for name in names[:-1]), names[-1]]
    yield name, "\n".join(lines) + "\n"
    for child in children:
        yield from page([*words, child["commandName"]], child, version, date)


def main(program, folder):
    def output(*words):
        return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout

    root = json.loads(output("--experimental-dump-help"))["command"]
    moment = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    version = output("--version").strip()
    for name, text in page([root["commandName"]], root, version, time.strftime("%Y-%m-%d", moment)):
        (folder / f"{name}.1").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
