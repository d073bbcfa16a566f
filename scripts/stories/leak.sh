#!/bin/bash
# The incident's own story: servers that were killed with health checks waiting leave stale entries behind, a few for
# each pod, and the health check that gets one of their ports again hangs. For a kernel that leaks.
. "${0%/*}/stage.sh" || exit 1
# The first and the last lines of what a step printed.
shorten() { head -7 "$1"; echo "  [$(($(wc -l <"$1") - 12)) lines more]"; tail -5 "$1"; }

say "A node, two web pods, and an accelerator as Cilium 1.13 had it: sock_ops + sockmap + sk_msg"
set_the_stage
passes "http://$pod:8080/healthz"

say "A bad day: servers stop accepting, kubelet's checks pile up and give up, the servers are killed and start anew"
run unstuck-lab break crash --lab "$lab" --pod shop/web-0 --count 73
run unstuck-lab break crash --lab "$lab" --pod shop/web-0 --count 2 --family 6
run unstuck-lab break crash --lab "$lab" --pod shop/web-1 --count 13

say "Days later. All is well, other clients work ..."
begin "$folder/load.txt" unstuck-lab load --hold --host 203.0.113.11 --connections 100 --seconds 600
sleep 1
passes "http://$pod:8080/healthz"
passes "http://[$pod6]:8080/healthz"

say "... until a check gets one of those ports again: connected, and then nothing. In kubelet's own words:"
expect 1 on_node unstuck probe "http://$pod:8080/healthz" --source-port 50504

say "Two checks hang while we look (these have more patience than kubelet)"
begin "$folder/victim0.txt" unstuck probe "http://$pod:8080/healthz" --source-port 50504 --timeout 45
begin "$folder/victim1.txt" unstuck probe "http://[$pod6]:8080/healthz" --source-port 50505 --timeout 45
sleep 1
expect 1 run unstuck diagnose --map "$map"

say "Exactly those stale entries are deleted, and the two that hang are ended; 200 live ones stay"
expect 0 run unstuck repair --map "$map" --apply --reset-stuck --journal "$folder/journal.jsonl" >"$folder/repaired.txt"
shorten "$folder/repaired.txt"

say "The two that hung have lost their requests: they were told at once"
victims_were_reset

say "The same ports, again; the 200 entries left are both ends of the 100 connections that were open all the time"
passes "http://$pod:8080/healthz" --source-port 50504
passes "http://[$pod6]:8080/healthz" --source-port 50505
expect 0 run unstuck diagnose --map "$map"

say "And the lab is gone again"
strike_the_stage
