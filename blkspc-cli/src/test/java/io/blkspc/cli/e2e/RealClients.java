package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What foreign clients do with an export, each with its own judge. Every method names and requires its parts. */
final class RealClients {

    private final Endpoint server;
    private final Path directory;

    /**
     * For one server.
     *
     * @param directory for images and logs
     */
    RealClients(Endpoint server, Path directory) {
        this.server = server;
        this.directory = directory;
    }

    /** nbdinfo reads size and flags of one export, and the list of all. */
    void info(String export, long sizeBytes, List<String> all) throws IOException {
        Tools.require("nbdinfo");
        Exec.Result size = Exec.run("nbdinfo", "--size", server.uri(export)).ok();
        assertThat(size.out().trim()).isEqualTo(Long.toString(sizeBytes));

        Map<String, Object> facts =
                exports(Exec.run("nbdinfo", "--json", server.uri(export))).get(0);
        assertThat(((Number) facts.get("export-size")).longValue()).isEqualTo(sizeBytes);
        assertThat(facts)
                .containsEntry("is_read_only", false)
                .containsEntry("can_flush", true)
                .containsEntry("can_fua", true)
                .containsEntry("can_trim", true)
                .containsEntry("can_zero", true)
                .containsEntry("can_multi_conn", true);

        Exec.Result list = Exec.run("nbdinfo", "--json", "--list", server.uri(""));
        assertThat(exports(list)).extracting(each -> each.get("export-name")).containsAll(all);
    }

    private static List<Map<String, Object>> exports(Exec.Result nbdinfo) throws IOException {
        Map<String, Object> root = JSON.std.mapFrom(nbdinfo.ok().out());
        List<Map<String, Object>> exports = new ArrayList<>();
        for (Object export : (List<?>) root.get("exports")) {
            exports.add(JSON.std.mapFrom(JSON.std.asString(export)));
        }
        return exports;
    }

    /** nbdcopy in and out of a sparse image, over several connections, and cmp. */
    void copyInAndOut(String export, long sizeBytes, long seed) throws IOException {
        Tools.require("nbdcopy", "cmp");
        Path image = sparseImage("in-" + export, sizeBytes, seed);
        Exec.run("nbdcopy", "--connections=4", "--requests=64", "--flush", image.toString(), server.uri(export))
                .ok();
        copyOutEquals(export, image);
    }

    /** Copies the export out and compares every byte. */
    void copyOutEquals(String export, Path image) throws IOException {
        Path out = directory.resolve("out-" + export);
        Files.deleteIfExists(out);
        Exec.run("nbdcopy", "--connections=4", server.uri(export), out.toString())
                .ok();
        Exec.run("cmp", image.toString(), out.toString()).ok();
        Files.delete(out);
    }

    /** qemu-img writes an image to the export, compares it, and reads it back. */
    void convertAndCompare(String export, long sizeBytes, long seed) throws IOException {
        Tools.require("qemu-img", "cmp");
        String image = sparseImage("qemu-" + export, sizeBytes, seed).toString();
        Path out = directory.resolve("qemu-out-" + export);
        Exec.run("qemu-img", "convert", "-n", "-W", "-f", "raw", "-O", "raw", image, server.uri(export))
                .ok();
        Exec.run("qemu-img", "compare", "-f", "raw", "-F", "raw", image, server.uri(export))
                .ok();
        Exec.run("qemu-img", "convert", "-f", "raw", "-O", "raw", server.uri(export), out.toString())
                .ok();
        Exec.run("cmp", image, out.toString()).ok();
    }

    /** qemu-io writes patterns of any alignment over each other, zeroes and discards, and reads them back. */
    void patterns(String export) {
        Tools.require("qemu-io");
        qemuIo(
                export,
                "write -P 0x11 0 64k",
                "write -P 0x22 512 512",
                "write -P 0x33 5001 7",
                "write -P 0x44 12k 20000",
                "flush",
                "read -P 0x11 0 512",
                "read -P 0x22 512 512",
                "read -P 0x11 1024 3977",
                "read -P 0x33 5001 7",
                "read -P 0x11 5008 7280",
                "read -P 0x44 12k 20000",
                "read -P 0x11 32288 33248",
                "write -z 3000 3000",
                "read -P 0 3000 3000",
                "read -P 0x11 2000 1000",
                "read -P 0x11 6000 2000",
                "write -z -u 16k 8k",
                "read -P 0 16k 8k",
                "discard 40k 8k",
                "read -P 0 40k 8k",
                "read -P 0x11 48k 16k",
                "write -f -P 0x55 1M 512",
                "write -P 0x66 2M 64k",
                "read -P 0x55 1M 512",
                "read -P 0x66 2M 64k");
    }

    private void qemuIo(String export, String... commands) {
        List<String> words = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
        for (String command : commands) {
            words.addAll(List.of("-c", command));
        }
        words.add(server.uri(export));
        Exec.Result result = Exec.run(words).ok();
        // Old versions of qemu-io report a wrong pattern only in words.
        assertThat(result.out() + result.err()).doesNotContainIgnoringCase("failed");
    }

    /** fio writes at random and verifies every block; then it mixes in trims. */
    void verifiedRandomLoad(String export, long seed) {
        Tools.require("fio");
        fio(
                export,
                "verified",
                seed,
                "--rw=randrw",
                "--bsrange=512-64k",
                "--iodepth=16",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--verify_backlog=256",
                "--size=24m");
        fio(export, "trims", seed + 1, "--rw=randtrimwrite", "--bs=4k", "--iodepth=16", "--size=8m");
        fio(
                export,
                "over",
                seed + 2,
                "--rw=randwrite",
                "--bs=4k",
                "--iodepth=16",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--fsync=64",
                "--size=8m");
    }

    private void fio(String export, String name, long seed, String... options) {
        List<String> words = new ArrayList<>(List.of(
                "fio",
                "--name=" + name,
                "--ioengine=nbd",
                "--uri=" + server.uri(export),
                "--randseed=" + seed,
                "--output=" + directory.resolve("fio-" + name + ".log"),
                "--allow_file_create=0"));
        words.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.directory(directory.toFile());
        Exec.run(Exec.LIMIT, builder).ok();
    }

    /** nbdkit serves the export on, and what comes through it is equal. */
    void throughProxy(String export, long sizeBytes, long seed) throws IOException {
        Tools.require("nbdkit", "nbdcopy", "cmp");
        Path image = sparseImage("proxy-" + export, sizeBytes, seed);
        String proxied = "nbdcopy " + image + " \"$uri\"";
        Exec.run("nbdkit", "-U", "-", "nbd", "uri=" + server.uri(export), "--run", proxied)
                .ok();
        copyOutEquals(export, image);
    }

    /** A file with data and holes of every size class, as images are. */
    Path sparseImage(String name, long sizeBytes, long seed) throws IOException {
        Path image = directory.resolve(name + ".img");
        Random random = new Random(seed);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(0);
            file.setLength(sizeBytes);
            for (int piece = 0; piece < 40; piece++) {
                byte[] bytes = new byte[1 + random.nextInt(random.nextBoolean() ? 5000 : 400_000)];
                random.nextBytes(bytes);
                file.seek(random.nextLong(sizeBytes - bytes.length));
                file.write(bytes);
            }
        }
        return image;
    }
}
