package io.blkspc.cli.control;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How to start this program again, in a process of its own: the same jar, the same flags. */
public final class ThisProgram {

    private ThisProgram() {}

    /** The words up to those of the command line. */
    public static List<String> words() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-agentlib") && !flag.startsWith("-XX:AOTCacheOutput"))
                .forEach(command::add);
        String classPath = System.getProperty("java.class.path");
        if (classPath.endsWith(".jar") && classPath.indexOf(java.io.File.pathSeparatorChar) < 0) {
            command.addAll(List.of("-jar", classPath)); // only then the manifest of the jar counts
        } else {
            command.addAll(List.of("-cp", classPath, "io.blkspc.cli.Main"));
        }
        return command;
    }

    /** The words with which its user starts it, which may choose other flags for other commands; {@link #words} where nobody knows. */
    public static List<String> shortWords() {
        String launcher = System.getProperty("blkspc.launcher");
        return launcher == null ? words() : List.of(launcher);
    }
}
