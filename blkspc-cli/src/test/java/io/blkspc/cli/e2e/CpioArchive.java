package io.blkspc.cli.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/** An archive as the kernel takes it for its first root: "newc", the initramfs buffer format of its documentation. */
final class CpioArchive {

    private static final int DIRECTORY = 0x41ed; // with rwxr-xr-x, as the two below
    private static final int FILE = 0x81ed;
    private static final int LINK = 0xa1ff;
    private static final int ALIGNMENT = 4;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream(64 << 20);
    private final Set<String> names = new LinkedHashSet<>();

    /** Adds a directory and those above it, once. */
    void directory(String name) {
        int slash = name.lastIndexOf('/');
        if (slash > 0) {
            directory(name.substring(0, slash));
        }
        add(name, DIRECTORY, new byte[0]);
    }

    /** Adds a file, executable, unless there is one of that name. */
    void file(String name, byte[] content) {
        directory(name.substring(0, name.lastIndexOf('/')));
        add(name, FILE, content);
    }

    void file(String name, Path source) throws IOException {
        if (!names.contains(name)) {
            file(name, Files.readAllBytes(source));
        }
    }

    void link(String name, String target) {
        directory(name.substring(0, name.lastIndexOf('/')));
        add(name, LINK, target.getBytes(StandardCharsets.UTF_8));
    }

    private void add(String name, int mode, byte[] content) {
        if (name.isEmpty() || !names.add(name)) {
            return;
        }
        entry(name.substring(1), mode, content);
    }

    private void entry(String name, int mode, byte[] content) {
        byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
        // inode, mode, user, group, links, time, length, device (2), special device (2), length of the name, no check
        // sum
        int[] fields = {names.size(), mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format("%08x", field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(nameBytes);
        pad();
        out.writeBytes(content);
        pad();
    }

    private void pad() {
        out.writeBytes(new byte[-out.size() & (ALIGNMENT - 1)]);
    }

    /** Ends the archive. */
    void write(Path target) throws IOException {
        entry("TRAILER!!!", 0, new byte[0]);
        try (OutputStream file = Files.newOutputStream(target)) {
            out.writeTo(file);
        }
    }
}
