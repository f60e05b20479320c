"""Checks the commands that act on an account, from the lines of go run ./tests/docs/try -account, for make lint.

Of sam: that the command exists, takes these options, and lacks none, by its own parser. Of aws: that the operation exists and
takes these parameters, by botocore's model of the service. The JSON in options and in files is held against the model, too.
"""

import json
import re
import shlex
import sys

import botocore.session
import click
import jmespath
import regex  # of cfn-lint: AWS's patterns have classes such as \p{L}
from botocore import xform_name
from botocore.validate import ParamValidator
from samcli.cli.main import cli as sam

# Options of the AWS CLI that are no parameters of an operation, and whether they take a value.
OWN = {"--query": True, "--output": True, "--region": True, "--profile": True, "--cli-input-json": True, "--cli-binary-format": True,
       "--no-paginate": False}
# Options that the AWS CLI calls otherwise than the operation does.
RENAMED = {("sns", "subscribe", "--notification-endpoint"): "Endpoint"}

# What must be refused, or nothing is checked.
REFUSED = (
    "sam deploy --none a",
    "sam remote invok StartFunction",
    "sam delete quickstep",
    "sam logs --stack-name",
    "aws none list",
    "aws scheduler create-schedules",
    "aws scheduler list-schedules --prefix a",
    "aws scheduler get-schedule",
    "aws scheduler get-schedule --name 'a b'",
    "aws scheduler create-schedule --cli-input-json file://none.json",
    "aws scheduler list-schedules --state PAUSED",
    "aws lambda invoke --function-name a",
    "aws elbv2 register-targets --target-group-arn a --targets Id=i,Port=b",
    "aws elbv2 register-targets --target-group-arn a --targets Id=i,Gate=1",
    "aws ec2 describe-tags --filters Name=a,Values={b",
    "aws cloudwatch put-alarm-mute-rule --name a --rule 'Schedule={Expression=a,Zone=UTC}'",
    "aws cloudformation describe-stacks --query 'Stacks['",
    "aws sns subscribe --topic-arn a --protocol sqs --attributes '{\"a\":1}'",
    "ls",
)


class Wrong(Exception):
    pass


def words(command):
    """The program and its arguments, up to a pipe. What a variable of the shell holds isn't known, only that it is long enough."""
    found = [re.sub(r"\$[A-Z_]+", lambda name: name[0].ljust(64, "_"), word) for word in shlex.split(command)]
    return found[: found.index("|")] if "|" in found else found


def check_sam(args):
    command, path = sam, "sam"
    context = click.Context(sam, info_name="sam", obj=object())  # without one it loads no command
    while isinstance(command, click.Group):
        if not args or not (found := command.get_command(context, args[0])):
            raise Wrong(f"{path} has no command {' '.join(args[:1])}")
        command, path, args = found, f"{path} {args[0]}", args[1:]
        context = click.Context(command, parent=context, info_name=path)
    try:
        given, rest, _ = command.make_parser(context).parse_args(list(args))
    except click.UsageError as e:
        raise Wrong(f"{path}: {e.format_message()}") from e
    if rest:
        raise Wrong(f"{path} takes no {rest}")
    lacking = [p.name for p in command.params if p.required and given.get(p.name) is None and not p.envvar]
    if lacking:
        raise Wrong(f"{path} lacks {lacking}")


def fits(value, shape, where):
    """What botocore leaves to the service: patterns, lengths, and enumerations."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                fits(value[name], member, f"{where}.{name}")
    elif shape.type_name == "list":
        for one in value:
            fits(one, shape.member, where)
    elif shape.type_name == "map":
        for one in value.values():
            fits(one, shape.value, where)
    elif shape.type_name == "string":
        limits = shape.metadata
        if "enum" in limits and value not in limits["enum"]:
            raise Wrong(f"{where} is {value}, and may be {limits['enum']}")
        if "$" not in value and not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
            raise Wrong(f"{where} has {len(value)} characters")
        pattern = limits.get("pattern")
        if pattern and "$" not in value and not regex.search(pattern, value):
            raise Wrong(f"{where} is {value}, which isn't {pattern}")


def shorthand(text):
    """The AWS CLI's own notation, Name=a,Names=b,c,Inner={Name=d},List=[e,f]: a list where it might be one."""
    value, rest = pairs(text, "")
    if rest:
        raise Wrong(f"{text}: what is {rest}?")
    return value


def pairs(text, end):
    found = {}
    while True:
        name = re.match(r"[A-Za-z0-9_.-]+=", text)
        if not name:
            raise Wrong(f"{text} is neither JSON nor Name=value")
        text, key, values = text[name.end() :], name[0][:-1], []
        while True:
            value, text = item(text)
            values.append(value)
            if not text.startswith(",") or re.match(r",[A-Za-z0-9_.-]+=", text):
                break
            text = text[1:]
        found[key] = values[0] if len(values) == 1 else values
        if end and text.startswith(end) or not end and not text:
            return found, text[len(end) :]
        if not text.startswith(","):
            raise Wrong(f"what is {text}?")
        text = text[1:]


def item(text):
    """One value, and the rest."""
    if text.startswith("{"):
        return pairs(text[1:], "}")
    if text.startswith("["):
        inner, closed, rest = text[1:].partition("]")
        quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', inner) if inner.startswith('"') else inner.split(",")
        if not closed:
            raise Wrong(f"{text} lacks ]")
        return quoted, rest
    plain = re.match(r'"[^"]*"|\'[^\']*\'|[^,}\]]*', text)[0]
    return plain.strip("'\""), text[len(plain) :]


def fit(value, shape):
    """A value in the types of the model: in the AWS CLI's notation everything is text, and one thing may be a list."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {k: fit(v, shape.members[k]) if k in shape.members else v for k, v in value.items()}
    if shape.type_name == "map" and isinstance(value, dict):
        return {k: fit(v, shape.value) for k, v in value.items()}
    if shape.type_name == "list":
        return [fit(one, shape.member) for one in (value if isinstance(value, list) else [value])]
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[value]
    return value


def parse(values, shape):
    if shape.type_name in ("structure", "map"):
        return json.loads(values[0]) if values[0].startswith("{") else fit(shorthand(values[0]), shape)
    if shape.type_name == "list":
        if values[0].startswith("["):
            return json.loads(values[0])
        return [parse([value], shape.member) for value in values]
    return fit(values[0], shape)


def options(args):
    """Each option with its values, and what stands before the first."""
    found, positional = [], []
    for arg in args:
        if arg.startswith("--"):
            found.append((arg, []))
        elif found:
            found[-1][1].append(arg)
        else:
            positional.append(arg)
    return found, positional


def check_aws(session, args, files):
    service, name = args[0], args[1]
    if service not in session.get_available_services():
        raise Wrong(f"aws has no service {service}")
    model = session.get_service_model(service)
    operations = {xform_name(o, "-"): o for o in model.operation_names}
    if name not in operations:
        raise Wrong(f"aws {service} has no operation {name}")
    operation = model.operation_model(operations[name])
    members = operation.input_shape.members
    known = {"--" + xform_name(m, "-"): m for m in members}
    given, positional = options(args[2:])
    outfile = operation.has_streaming_output
    params = {}
    for option, values in given:
        if outfile and len(values) == 2:  # it may stand behind the last option
            positional.append(values.pop())
        if option in OWN:
            if len(values) != OWN[option]:
                raise Wrong(f"{option} takes a value, and gets {values}")
            if option == "--query":
                jmespath.compile(values[0].replace("$1", "Name"))
            if option == "--cli-input-json":
                text = files.get(values[0].removeprefix("file://"))
                if text is None:
                    raise Wrong(f"nothing on the page writes {values[0]}")
                params = {**json.loads(text), **params}
            continue
        member = RENAMED.get((service, name, option)) or known.get(option)
        negated = known.get("--" + option.removeprefix("--no-"))
        if member is None and negated and members[negated].type_name == "boolean" and not values:
            params[negated] = False
        elif member is None:
            raise Wrong(f"aws {service} {name} has no option {option}")
        elif members[member].type_name == "boolean":
            if values:
                raise Wrong(f"{option} takes no value, and gets {values}")
            params[member] = True
        elif not values or (len(values) > 1 and members[member].type_name != "list"):
            raise Wrong(f"{option} takes one value, and gets {values}")
        else:
            params[member] = parse(values, members[member])
    if len(positional) != outfile:
        raise Wrong(f"aws {service} {name} takes no {positional}" if positional else f"aws {service} {name} lacks the file for its answer")
    report = ParamValidator().validate(params, operation.input_shape)
    if report.has_errors():
        raise Wrong(report.generate_report())
    fits(params, operation.input_shape, name)
    target = params.get("Target", {}).get("Input")
    if target:
        json.loads(target)


def problem(session, command, files):
    """What is wrong with a command; None if nothing is."""
    program, *args = words(command)
    try:
        if program == "sam":
            check_sam(args)
        elif program == "aws":
            check_aws(session, args, files)
        else:
            raise Wrong(f"{program} isn't known")
    except (Wrong, ValueError, jmespath.exceptions.JMESPathError) as e:
        return str(e)
    return None


def main():
    session = botocore.session.Session()
    wrong = [f"{command} passes" for command in REFUSED if problem(session, command, {}) is None]
    lines = [json.loads(line) for line in sys.stdin]
    for shown in lines:
        why = problem(session, shown["command"], shown["files"])
        if why is not None:
            wrong.append(f"{shown['page']}: {shown['command']}: {why}")
    if len(lines) < 30:
        wrong.append(f"only {len(lines)} commands came in")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(lines)} commands of the pages that act on an account exist, and take these options")


if __name__ == "__main__":
    main()
