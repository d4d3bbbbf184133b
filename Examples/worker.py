#!/usr/bin/env python3
"""Does jobs of agent_queue, one at a time: python3 worker.py [http://127.0.0.1:8080]"""
import json, os, socket, sys, threading, time, urllib.request

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
NAME = f"{socket.gethostname()}-{os.getpid()}"

def post(path, **body):
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=90))

def keep_alive(job, over, stop):
    while not over.wait(job["lease_seconds"] / 3):
        try:
            told = post(f"/workers/{NAME}/heartbeat", leases=[{"id": job["id"], "lease": job["lease"]}])
            if told["cancel"] or told["lost"]: stop.set()
        except OSError: pass  # the server may be back in time

def work(job, stop):  # yours: tell how far it is, stop when told to, return the result
    steps = job["args"].get("steps", 10)
    for step in range(1, steps + 1):
        if stop.wait(job["args"].get("pause", 1)): return None
        post(f"/jobs/{job['id']}/progress", lease=job["lease"], current=step, total=steps, message=f"step {step}")
    return {"steps": steps, "input": job.get("input")}

while True:
    try:
        for job in post("/queues/agent_queue/lease", worker=NAME, max=1, wait=30)["jobs"]:
            over, stop = threading.Event(), threading.Event()
            threading.Thread(target=keep_alive, args=(job, over, stop), daemon=True).start()
            try: end, body = "succeed", {"result": work(job, stop)}
            except Exception as error: end, body = "fail", {"error": repr(error)}
            over.set()
            post(f"/jobs/{job['id']}/{'release' if stop.is_set() else end}", lease=job["lease"], **({} if stop.is_set() else body))
    except OSError as error:
        print(f"{SERVER}: {error}", file=sys.stderr); time.sleep(1)
