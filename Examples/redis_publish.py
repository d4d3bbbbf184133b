#!/usr/bin/env python3
"""Publishes into Fanfare and reads from it through Redis, beside its nodes.

    redis_publish.py publish project:42 agent_progress '{"current":3}' [--key 5f2a]
    redis_publish.py read project:42 [--after 17]
    redis_publish.py work project billing worker-1 [--count 10]

Needs the module `redis` (Debian: python3-redis). Documentation/redis.md describes the keys.
"""

import argparse
import json
import sys

import redis


def publish(server, prefix, options):
    """Publishes one event by the function that the nodes use, and prints its position."""
    # No generation: whichever stands. No fingerprint: Redis makes one of type and data.
    arguments = ["", options.key, "", options.type, options.data]
    try:
        first, _, epoch, _, repeated = server.execute_command(
            "FCALL", "fanfare_publish", 2, f"{prefix}hub", f"{prefix}log:{options.channel}",
            *arguments)
    except redis.ResponseError as error:
        # GENERATION: no node has run yet. MISMATCH, INVALID: the text says what to mend.
        sys.exit(f"not published: {error}")
    print(f"{first}.{epoch.decode()}" + (" (repeated)" if repeated else ""))


def read(server, prefix, options):
    """Prints what a channel's log retains, in order."""
    start = f"({options.after}-0" if options.after else "-"
    for entry, fields in server.xrange(f"{prefix}log:{options.channel}", min=start):
        show(options.channel, entry.decode().split("-")[0], fields)


def work(server, prefix, options):
    """Takes the events of a namespace with others of the same group, each at least once."""
    firehose = f"{prefix}firehose:{options.namespace}"
    try:
        server.xgroup_create(firehose, options.group, id="0", mkstream=True)
    except redis.ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise
    # First what this worker took and did not finish, then what is new.
    done, after = 0, "0"
    while options.count == 0 or done < options.count:
        answer = server.xreadgroup(
            options.group, options.worker, {firehose: after}, count=1, block=options.wait * 1000)
        entries = answer[0][1] if answer else []
        if not entries:
            if after == ">" and options.count:
                sys.exit(f"only {done} events came")
            after = ">"
            continue
        for entry, fields in entries:
            # An entry that was trimmed before it was finished has no fields left.
            if fields:
                show(fields[b"channel"].decode(), fields[b"position"].decode(), fields)
            server.xack(firehose, options.group, entry)
            done += 1


def show(channel, place, fields):
    """Prints one event on a line."""
    event = {
        "channel": channel, "place": place, "type": fields[b"type"].decode(),
        "data": json.loads(fields[b"data"]), "time": int(fields[b"time"]),
    }
    print(json.dumps(event), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="redis://127.0.0.1:6379/0")
    parser.add_argument("--prefix", default="fanfare:")
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("publish")
    command.set_defaults(run=publish)
    command.add_argument("channel")
    command.add_argument("type")
    command.add_argument("data", help="JSON")
    command.add_argument("--key", default="", help="the same key publishes once in two minutes")

    command = commands.add_parser("read")
    command.set_defaults(run=read)
    command.add_argument("channel")
    command.add_argument("--after", type=int, default=0, help="an offset")

    command = commands.add_parser("work")
    command.set_defaults(run=work)
    command.add_argument("namespace")
    command.add_argument("group")
    command.add_argument("worker")
    command.add_argument("--count", type=int, default=0, help="end after so many events")
    command.add_argument("--wait", type=int, default=5, help="seconds")

    options = parser.parse_args()
    options.run(redis.Redis.from_url(options.url), options.prefix, options)


if __name__ == "__main__":
    main()
