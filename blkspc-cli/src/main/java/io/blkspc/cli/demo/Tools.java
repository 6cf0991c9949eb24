package io.blkspc.cli.demo;

import io.blkspc.cli.doctor.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Programs of other people that the story uses where they are installed. */
final class Tools {

    /** What a program said and how it ended. */
    record Result(int exitCode, String output) {}

    private final Programs programs;

    Tools(Programs programs) {
        this.programs = programs;
    }

    boolean has(String name) {
        return programs.find(name).isPresent();
    }

    /** Runs a program to its end. */
    Result run(String name, String... arguments) throws IOException {
        Optional<Path> program = programs.find(name);
        List<String> command = new ArrayList<>();
        command.add(program.map(Path::toString).orElse(name));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            return new Result(process.waitFor(), output);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            throw new IOException("interrupted while a program ran: name=" + name, interrupted);
        }
    }
}
