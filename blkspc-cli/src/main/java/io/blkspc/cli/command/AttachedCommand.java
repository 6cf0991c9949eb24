package io.blkspc.cli.command;

import io.blkspc.cli.attach.Backend;
import io.blkspc.cli.attach.NbdDevice;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code attached}. */
@Command(
        name = "attached",
        description =
                "List the devices that attach made, of every pool. KEPT: a process stays with the device, so that "
                        + "it lives through the end of its server.")
final class AttachedCommand extends Task {

    @Override
    public Integer call() throws Exception {
        List<Map<String, Object>> all = new ArrayList<>();
        for (NbdDevice device : NbdDevice.ours()) {
            Backend backend = device.backend();
            if (backend != null) {
                all.add(Json.of(
                        "device", device.path(),
                        "name", backend.name(),
                        "pool", backend.pool().toString(),
                        "size", device.sizeBytes(),
                        "kept", device.isKept(),
                        "used", device.user()));
            }
        }
        show(all, () -> table(all));
        return ExitCode.DONE;
    }

    private String table(List<Map<String, Object>> all) {
        if (all.isEmpty()) {
            return "";
        }
        Table table = Table.of("DEVICE", "NAME", ">SIZE", "KEPT", "USED", "POOL");
        for (Map<String, Object> one : all) {
            table.row(
                    (String) one.get("device"),
                    (String) one.get("name"),
                    size(one.get("size")),
                    Boolean.TRUE.equals(one.get("kept")) ? "yes" : "no",
                    (String) one.get("used"),
                    (String) one.get("pool"));
        }
        return table.toString();
    }
}
