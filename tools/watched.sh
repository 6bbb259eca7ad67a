# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that do long things.

# watched LOG COMMAND...: runs it with its output in LOG and says now and then how far it is: the
# last line of that. Its status.
watched()
{
	log_of_watched=$1
	shift
	"$@" >"$log_of_watched" 2>&1 &
	watched_pid=$!
	seconds=0
	while kill -0 "$watched_pid" 2>/dev/null; do
		sleep 1
		seconds=$((seconds + 1))
		[ $((seconds % 5)) = 0 ] || continue
		tail -n 1 "$log_of_watched" | cut -c1-72 | sed "s/^/  $seconds s  /"
	done
	wait "$watched_pid"
}
