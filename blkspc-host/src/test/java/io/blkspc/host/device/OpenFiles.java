package io.blkspc.host.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The descriptors of this process. */
final class OpenFiles {

    private OpenFiles() {}

    /** How many stand for a file. */
    static long of(Path path) throws IOException {
        Path real = path.toRealPath();
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(each -> isLinkTo(each, real)).count();
        }
    }

    private static boolean isLinkTo(Path link, Path real) {
        try {
            return Files.readSymbolicLink(link).equals(real);
        } catch (IOException gone) {
            return false;
        }
    }
}
