package io.blkspc.cli.doctor;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds programs as a shell would, and also where only root's shell looks. */
public final class Programs {

    private final List<Path> directories = new ArrayList<>();

    /** Looks along {@code PATH}, then in {@code /usr/local/sbin}, {@code /usr/sbin} and {@code /sbin}. */
    public Programs(Map<String, String> environment) {
        for (String directory : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            if (!directory.isEmpty()) {
                directories.add(Path.of(directory));
            }
        }
        List.of("/usr/local/sbin", "/usr/sbin", "/sbin").forEach(directory -> directories.add(Path.of(directory)));
    }

    /** Path of the first program of that name that can be run. */
    public Optional<Path> find(String name) {
        return directories.stream()
                .map(directory -> directory.resolve(name))
                .filter(path -> Files.isExecutable(path) && !Files.isDirectory(path))
                .findFirst();
    }
}
