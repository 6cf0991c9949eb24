package io.blkspc.bench.bed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * One processor for the client, the others for the servers. Left to itself the scheduler moves both about, and figures at queue
 * depth 1 differ by an order of magnitude from run to run.
 *
 * @param isOn {@code false} where there is one processor only, or no taskset
 * @param client the client's processor
 * @param servers the servers' processors, as taskset takes them
 */
public record Pinning(boolean isOn, String client, String servers) {

    /** Decides for this machine. */
    public static Pinning ofThisMachine() {
        int processors = Runtime.getRuntime().availableProcessors();
        boolean isOn = processors > 1 && Commands.find("taskset").isPresent();
        return new Pinning(isOn, "0", "1"); // one each: whoever has threads for more gains nothing from them here
    }

    /** Moves every thread of this process, and those it will start, to the client's processor. */
    public void pinClient() throws IOException {
        if (isOn) {
            Commands.run(
                    "taskset",
                    "-acp",
                    client,
                    Long.toString(ProcessHandle.current().pid()));
        }
    }

    /** The command that runs {@code command} on the servers' processors. */
    public List<String> ofServer(List<String> command) {
        if (!isOn) {
            return command;
        }
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", servers));
        pinned.addAll(command);
        return pinned;
    }

    /** The command that runs {@code command} wherever there is a processor, though this process is pinned. */
    public List<String> unpinned(List<String> command) {
        if (!isOn) {
            return command;
        }
        List<String> free = new ArrayList<>(List.of("taskset", "-c", client + "," + servers));
        free.addAll(command);
        return free;
    }

    @Override
    public String toString() {
        return isOn ? "client on processor " + client + ", servers on " + servers : "not pinned";
    }
}
