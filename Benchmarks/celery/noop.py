"""Tasks that do nothing, and a client that says how fast Celery takes and does them.

python noop.py COUNT starts a worker of two processes beside itself; REDIS is the broker's URL.
"""

import json
import os
import subprocess
import sys
import time

import redis
from celery import Celery

URL = os.environ["REDIS"]
KEEPS = os.environ.get("KEEPS") == "1"
app = Celery("noop", broker=URL, backend=URL if KEEPS else None)
# What is on by default costs the most; with KEEPS results are kept, and a task that its worker
# lost is done again: what jobs promise here.
app.conf.task_ignore_result = not KEEPS
app.conf.task_acks_late = KEEPS
app.conf.task_reject_on_worker_lost = KEEPS
app.conf.worker_hijack_root_logger = False


@app.task(name="noop")
def noop(text):
    return None


def left(broker):
    return broker.llen("celery") + broker.hlen("unacked")


def main(count):
    broker = redis.Redis.from_url(URL)
    broker.flushall()
    text = "x" * 92
    start = time.monotonic()
    for _ in range(count):
        noop.delay(text)
    enqueued = count / (time.monotonic() - start)
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "noop", "worker", "-P", "prefork", "-c", "2",
         "-l", "WARNING", "--without-gossip", "--without-mingle"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # From when it works: its start is not what is measured.
        while left(broker) > count * 0.95:
            time.sleep(0.002)
        start, there = time.monotonic(), left(broker)
        while (now := left(broker)) > 0:
            time.sleep(0.002)
        done = there / (time.monotonic() - start)
    finally:
        worker.terminate()
        try:
            worker.wait(15)
        except subprocess.TimeoutExpired:
            worker.kill()
    print(json.dumps({
        "scenario": "celery", "keeps": KEEPS, "count": count, "enqueue_per_second": round(enqueued),
        "noop_per_second": round(done)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
