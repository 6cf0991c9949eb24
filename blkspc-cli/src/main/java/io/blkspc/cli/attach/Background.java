package io.blkspc.cli.attach;

import io.blkspc.cli.control.ThisProgram;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Commands of this program that go on after the one that started them, and after its terminal. */
public final class Background {

    private static final String NAME = "blkspc: ";

    private final Path setsid;
    private final Path log;

    /**
     * Nothing runs yet.
     *
     * @param setsid the program of that name, which keeps the terminal's signals away; {@code null}: they are not kept away
     * @param log takes what the commands say on standard error
     */
    public Background(Path setsid, Path log) {
        this.setsid = setsid;
        this.log = log;
    }

    /**
     * Starts a command and returns the first line it prints.
     *
     * @throws CommandFailure when it ends before it prints one, with its exit code and its last words
     */
    public String start(List<String> words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if (setsid != null) {
            command.add(setsid.toString());
        }
        command.addAll(ThisProgram.words());
        command.addAll(words);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.getOutputStream().close();
        // Left open: the process lives longer than its reader, and says no more than this line.
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = reader.readLine();
        if (line == null) {
            int exit = process.waitFor();
            throw new CommandFailure(exit == ExitCode.DONE ? ExitCode.FAILED : exit, lastLine() + ", log=" + log);
        }
        return line;
    }

    /** What the command said last about its failure; other lines are the log's. */
    private String lastLine() throws IOException {
        return Files.readAllLines(log).stream()
                .filter(line ->
                        line.startsWith(NAME) && !line.startsWith(NAME + "WARN") && !line.startsWith(NAME + "INFO"))
                .reduce((before, last) -> last)
                .map(line -> line.substring(NAME.length()))
                .orElse("it said nothing");
    }
}
