#!/bin/bash
# The story of one hanging request: a client resets, a server keeps the descriptor, the next client hangs. Every kernel
# up to 7.2 tells it.
. "${0%/*}/stage.sh" || exit 1
journal=$folder/journal.jsonl

say "A node, two web pods, and an accelerator as Cilium 1.13 had it: sock_ops + sockmap + sk_msg"
set_the_stage
begin "$folder/load.json" unstuck-lab load --host 203.0.113.11 --connections 20 --seconds 600
sleep 1

say "Health checks pass"
passes "http://$pod:8080/healthz"
passes "http://[$pod6]:8080/healthz"

say "One client resets its connection; the server keeps the descriptor, as a busy server does"
run unstuck-lab break zombie --lab "$lab" --pod shop/web-0
run unstuck-lab break zombie --lab "$lab" --pod shop/web-0 --family 6

say "The next client that gets the same port: connected, and then nothing. In kubelet's own words:"
expect 1 on_node unstuck probe "http://$pod:8080/healthz" --source-port 50504
expect 1 on_node unstuck probe "http://[$pod6]:8080/healthz" --source-port 50504

say "Every other port still works: one check in N fails"
passes "http://$pod:8080/healthz"

say "Two requests hang while we look (their clients have a minute of patience)"
begin "$folder/victim0.txt" unstuck probe "http://$pod:8080/healthz" --source-port 50504 --timeout 60
begin "$folder/victim1.txt" unstuck probe "http://[$pod6]:8080/healthz" --source-port 50504 --timeout 60
sleep 1
expect 1 run unstuck diagnose --map "$map"

say "What would be done about it"
expect 1 run unstuck repair --map "$map" --reset-stuck

say "Do it"
expect 0 run unstuck repair --map "$map" --apply --reset-stuck --watch 3s --journal "$journal"

say "The clients that hung were told at once, instead of waiting out their minute"
victims_were_reset

say "The same port, again"
passes "http://$pod:8080/healthz" --source-port 50504
passes "http://[$pod6]:8080/healthz" --source-port 50504
expect 0 run unstuck diagnose --map "$map"

say "What was written down, before and after each step"
cut -c1-150 "$journal" | sed 's/$/ …/'

say "The live connections noticed nothing"
kill -TERM "${started[0]}"
harm=0
wait "${started[0]}" || harm=$?
cat "$folder/load.json"
[ "$harm" = 0 ] || { echo "demo: the live connections were harmed" >&2; exit 1; }

say "And the lab is gone again"
strike_the_stage
