"""What only SAM itself can say about this project, for make lint.

    sam.py translate template.yaml   prints the CloudFormation template that a deployment would make of it
    sam.py samconfig samconfig.toml  fails if it sets anything that the commands of the SAM CLI don't know
"""

import importlib
import json
import sys
import tomllib

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

COMMANDS = {"build": "build", "validate": "validate.validate", "deploy": "deploy", "local_invoke": "local.invoke.cli"}


def translate(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if "CodeUri" in properties:  # a deployment puts the code into a bucket first
            properties["CodeUri"] = {"Bucket": "code", "Key": "code"}
    print(json.dumps(Translator({}, Parser()).translate(template, {}), indent=1))


def samconfig(path):
    with open(path, "rb") as file:
        config = tomllib.load(file)
    wrong = []
    for environment, commands in config.items():
        if environment == "version":
            continue
        for command, sections in commands.items():
            if command not in COMMANDS:
                wrong.append(f"{environment}.{command}: which command is this?")
                continue
            module = importlib.import_module("samcli.commands." + COMMANDS[command] + ("" if "." in COMMANDS[command] else ".command"))
            known = {option.name for option in module.cli.params}
            wrong += [f"{environment}.{command}: {section} isn't parameters" for section in sections if section != "parameters"]
            wrong += [f"{environment}.{command}: no option {name}" for name in sections.get("parameters", {}) if name not in known]
    if wrong:
        sys.exit("\n".join(f"{path}: {line}" for line in wrong))


if __name__ == "__main__":
    {"translate": translate, "samconfig": samconfig}[sys.argv[1]](sys.argv[2])
