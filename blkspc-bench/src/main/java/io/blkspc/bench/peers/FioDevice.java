package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.load.LoadSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The disk itself: fio reads a file on it around the page cache, without any server. */
record FioDevice(String name, Place place) implements Peer {

    @Override
    public Optional<String> missing() {
        return Commands.missing(List.of("fio"));
    }

    @Override
    public List<String> versionCommand() {
        return List.of("fio", "--version");
    }

    @Override
    public Target open(Kind kind) throws IOException {
        Path home = place.fresh(name);
        Path disk = Files.copy(place.base(), home.resolve("disk.raw"));
        Commands.run("sync", disk.toString());
        return new Target() {
            @Override
            public Sample run(LoadSpec spec) throws IOException {
                List<String> command =
                        Fio.words(spec, "--filename=" + disk, "--readonly", "--direct=1", "--ioengine=libaio");
                return new Sample(Fio.run(place.pinning().ofServer(command), spec), 0, 0, 0, 0);
            }

            @Override
            public void close() throws IOException {
                Place.strike(home);
            }
        };
    }
}
