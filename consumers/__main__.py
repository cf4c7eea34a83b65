"""The command line: `tidings COMMAND`. Each command does its work elsewhere; here is what it is called and prints."""

import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.settings import Role, SettingsError, load
from consumers.commands.dead import app as dead
from consumers.commands.keys import app as keys
from consumers.commands.replay import replay
from consumers.commands.subs import app as subs
from consumers.shell import DEFAULT_ENV, AsJson, EnvFile, err, out
from consumers.shell import fail as _fail
from consumers.shell import run_to_end as _run
from consumers.shell import settings_of as _settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tidings tells people when an AI inference is done.",
)
app.add_typer(subs, name="subs")
app.add_typer(dead, name="dead")
app.add_typer(keys, name="keys")


@app.callback()
def quiet() -> None:
    """Tidings tells people when an AI inference is done."""
    from bot.telemetry import configure_logging

    configure_logging("warning", "console")  # to standard error: what a command prints is its result


@app.command()
def run(
    role: Annotated[
        list[Role] | None, typer.Option("--role", help="Only this part of the service; may be given several times.")
    ] = None,
    env_file: EnvFile = DEFAULT_ENV,
) -> None:
    """Run the service: all roles in this process, or those named with --role."""
    from bot.telemetry import configure_logging
    from consumers.run import Process

    # What is imported by now stays: the collector need not look at it again, nor so often at what comes and goes.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    roles = frozenset(role or Role)
    settings = _settings(env_file, roles)
    configure_logging(settings.log_level, settings.log_format)

    def ready(url: str) -> None:
        typer.echo(f"tidings is ready: {', '.join(sorted(roles))} on {url}")

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await Process(settings, roles, on_ready=ready).serve(stop)

    _run(serve())


@app.command()
def demo(
    seconds: Annotated[float | None, typer.Option("--for", help="Publish for so many seconds, then report.")] = None,
    *,
    as_json: AsJson = False,
    replay: Annotated[Path | None, typer.Option(help="Play the trace and answers of this folder.")] = None,
    speed: Annotated[float, typer.Option(help="How many times as fast as the trace was recorded.")] = 60.0,
    rate: Annotated[float, typer.Option(help="Events a second, without --replay.")] = 2.0,
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 1,
    port: Annotated[int, typer.Option(help="Port of the sandbox's page; 0 picks a free one.")] = 0,
) -> None:
    """Run everything on this machine: broker, Redis, a Slack workspace in your browser, the service, and events."""
    from consumers.demo.play import perform
    from consumers.demo.stage import Play, StageError

    play = Play(seconds=seconds, replay=replay, speed=speed, rate=rate, seed=seed, port=port, as_json=as_json)
    try:
        report, clean = _run(perform(play))
    except StageError as error:
        _fail(str(error))
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    raise typer.Exit(0 if clean else 1)


@app.command()
def chaos(
    minutes: Annotated[float, typer.Option(help="How long to publish and do violence.")] = 5.0,
    *,
    seed: Annotated[int, typer.Option(help="The same seed draws the same acts and events.")] = 1,
    rate: Annotated[float, typer.Option(help="Events a second.")] = 40.0,
    members: Annotated[int, typer.Option(min=1, max=9, help="Processes of the service.")] = 3,
    split: Annotated[bool, typer.Option("--split", help="Ingest, dispatch and people in processes of their own.")] = (
        False
    ),
    only: Annotated[str, typer.Option(help="Draw from these acts only, comma-separated.")] = "",
    preset: Annotated[
        str | None, typer.Option(help="A fixed script: tour, rolling, zombie, redis-cut, redis-wipe or slow-receiver.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of the preset; 0 takes its own number.")] = 0,
    lease: Annotated[float, typer.Option(min=2, help="Seconds that a member may hold a lane.")] = 10.0,
    kafka: Annotated[str | None, typer.Option(help="A broker that runs already, which is left in peace.")] = None,
    folder: Annotated[Path | None, typer.Option(help="An empty folder for logs and ledgers, which stays.")] = None,
    as_json: AsJson = False,
) -> None:
    """Kill and cut the real service under load, then account for every event: docs/chaos.md."""
    import logging

    from consumers.chaos.run import perform
    from consumers.chaos.trial import ChaosError, Trial

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that the broker is away is our own doing

    trial = Trial(
        seconds=minutes * 60,
        seed=seed,
        rate=rate,
        members=members,
        split=split,
        acts=tuple(filter(None, only.split(","))),
        preset=preset,
        rounds=rounds,
        lease=lease,
        kafka=kafka,
        folder=folder,
    )
    try:
        report, clean = _run(perform(trial))
    except ChaosError as error:
        _fail(str(error))
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        for key, value in report.items():
            out.print(f"{key.replace('_', ' ')}: {value}", highlight=False, markup=False, soft_wrap=True)
    if not clean:
        err.print(f"FAILED. Logs and ledgers: {report['logs']}", markup=False, highlight=False, soft_wrap=True)
        err.print(f"Again: {report['again']}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if clean else 1)


@app.command()
def publish(
    file: Annotated[
        Path | None, typer.Argument(help="File with one JSON event a line, or - for standard input.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model's name.")] = None,
    status: Annotated[str, typer.Option(help="queued, running, needs_review, completed, failed or cancelled.")] = (
        "completed"
    ),
    title: Annotated[str | None, typer.Option(help="One line that tells people what it is.")] = None,
    result: Annotated[str | None, typer.Option(help="The answer, in Markdown; @FILE reads it from a file.")] = None,
    confidence: Annotated[float | None, typer.Option(help="Between 0 and 1.")] = None,
    inference: Annotated[str | None, typer.Option(help="The inference that the event is about.")] = None,
    user: Annotated[str | None, typer.Option(help="Who asked: a Slack id or an e-mail address.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be given several times.")] = None,
    env_file: EnvFile = DEFAULT_ENV,
) -> None:
    """Publish one event made from the options, or a file of events, to the topic of the settings."""
    from consumers.publish import PublishError, one, read_lines
    from consumers.publish import publish as send

    settings = _settings(env_file, frozenset())
    try:
        if file is not None:
            documents = read_lines(file, sys.stdin)
        elif model is not None:
            answer = Path(result[1:]).read_text(encoding="utf-8") if result and result.startswith("@") else result
            fields = {"inference_id": inference, "requester": user, "tags": tag, "confidence": confidence}
            documents = [one(model={"name": model}, status=status, title=title, result=answer, **fields)]
        else:
            _fail("nothing to publish: name a file, or give at least --model (tidings publish --help)")
    except (PublishError, OSError) as error:
        _fail(str(error))

    async def sending() -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True, disable=len(documents) == 1) as progress:
            bar = progress.add_task(f"to {settings.topic}", total=len(documents))
            async for sent in send(settings.kafka, settings.topic, documents):
                progress.update(bar, completed=sent)

    _run(sending())
    count = len(documents)
    ending = "" if count == 1 else "s"
    err.print(f"published {count} event{ending} to {settings.topic}", highlight=False, soft_wrap=True)


@app.command()
def check(*, env_file: EnvFile = DEFAULT_ENV, as_json: AsJson = False) -> None:
    """Look at settings, Redis, Kafka, Slack and the manifest: one line each, with the fix where one is needed."""
    from consumers.check import Finding
    from consumers.check import check as look

    try:
        settings, findings = load(frozenset(Role), env_file=env_file), [Finding(what="Settings", found="complete")]
    except SettingsError as error:
        findings = [Finding(what="Settings", found="incomplete", fix=problem) for problem in error.problems]
        settings = _settings(env_file, frozenset())

    async def looking() -> None:
        findings.extend([finding async for finding in look(settings)])

    _run(looking())
    if as_json:
        rows = [{"what": one.what, "found": one.found, "ok": one.ok, "fix": one.fix} for one in findings]
        sys.stdout.write(json.dumps(rows) + "\n")
    else:
        for one in findings:
            mark, colour = ("✓", "green") if one.ok else ("✗", "red")
            out.print(f"[{colour}]{mark}[/] {one.what}: ", end="")
            out.print(one.found + (f" — {one.fix}" if one.fix else ""), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(one.ok for one in findings) else 1)


@app.command()
def manifest(
    *,
    socket_mode: Annotated[bool, typer.Option("--socket-mode", help="For Socket Mode: no public URL needed.")] = False,
    url: Annotated[str, typer.Option(help="Where Slack reaches the service over HTTP.")] = (
        "https://tidings.example.com"
    ),
    many: Annotated[bool, typer.Option("--many", help="For many workspaces by OAuth; tokens rotate.")] = False,
) -> None:
    """Print the Slack app manifest, to paste at api.slack.com/apps."""
    from bot.slack.manifest import manifest as text

    sys.stdout.write(text(socket_mode=socket_mode, base_url=url, many=many))


@app.command()
def docs(
    *,
    stale: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file is stale.")] = False,
) -> None:
    """Write the generated files of a source checkout: schemas, .env.example, manifest, settings table."""
    from consumers.docs import write

    changed = write(dry=stale)
    for path in changed:
        out.print(f"{'stale' if stale else 'wrote'} {path}", highlight=False)
    raise typer.Exit(1 if stale and changed else 0)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="Which; `all` for every one.")],
    *,
    answers: Annotated[
        Path | None, typer.Option(help='For `render`: a file of {"answer": …} lines.', exists=True, dir_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure, each time beside the bare floor."""
    from consumers.bench import BenchError, find, names

    results: dict[str, Any] = {}
    for wanted in names() if name == "all" else [name]:
        try:
            title, measure = find(wanted)
        except BenchError as error:
            _fail(str(error))
        if not as_json:
            out.print(f"[bold]{wanted}[/]: {title}")
        results[wanted] = measure(answers) if answers and wanted == "render" else measure()
        if not as_json:
            for key, value in results[wanted].items():
                out.print(f"  {key.replace('_', ' ')}: {value}")
    if as_json:
        sys.stdout.write(json.dumps(results if name == "all" else results[name]) + "\n")


app.command("replay")(replay)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
