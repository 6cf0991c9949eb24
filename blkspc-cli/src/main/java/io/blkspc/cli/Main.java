package io.blkspc.cli;

/** Entry point of the {@code blkspc} command. */
public final class Main {
    private Main() {}

    /**
     * Runs one command.
     *
     * @param args the command line, without the name of the program
     */
    public static void main(String[] args) {
        System.err.println("usage: blkspc COMMAND ... (no command is implemented yet)");
        System.exit(2);
    }
}
