package io.blkspc.host.core.crash;

import io.blkspc.host.core.crash.CrashHistory.Counts;

/** Crash histories from the command line: for long runs. */
public final class CrashCampaign {

    private CrashCampaign() {}

    /** Arguments: first seed, number of crash states. Exit code 1 and one line when a history fails. */
    public static void main(String[] arguments) {
        long states = Long.parseLong(arguments[1]);
        Counts counts = new Counts();
        for (long seed = Long.parseLong(arguments[0]); counts.states < states; seed++) {
            try {
                CrashHistory.once(seed, counts);
            } catch (AssertionError e) {
                System.out.println("FAILED states=" + counts.states + " "
                        + e.getMessage().lines().findFirst().orElse(""));
                System.exit(1);
            }
        }
        System.out.println("PASSED " + counts + " " + counts.coverage);
    }
}
