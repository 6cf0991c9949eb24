package io.blkspc.cli;

import io.blkspc.cli.command.Cli;
import io.blkspc.cli.command.Environment;
import java.nio.file.Path;

/** Entry point of the {@code blkspc} command. */
public final class Main {
    private Main() {}

    /**
     * Runs one command and exits with its code.
     *
     * @param args the command line, without the name of the program
     */
    public static void main(String[] args) throws Exception {
        // Chronicle Map calls home unless told not to, before its first class is loaded.
        System.setProperty("chronicle.analytics.disable", "true");
        // JNA, which Chronicle Map brings along, would make a cache directory in the user's home.
        System.setProperty("jna.tmpdir", System.getProperty("java.io.tmpdir"));
        String rehearsal = System.getProperty("blkspc.rehearsal"); // the launcher's
        if (rehearsal != null) {
            System.exit(Rehearsal.in(Path.of(rehearsal)));
        }
        System.exit(Cli.run(Environment.ofProcess(new HostAccess()), args));
    }
}
