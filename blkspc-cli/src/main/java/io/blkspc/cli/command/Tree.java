package io.blkspc.cli.command;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Versions as a tree: a snapshot under its volume, a clone under what it was cloned from. */
final class Tree {

    private final Map<String, List<String>> children = new LinkedHashMap<>();
    private final StringBuilder text = new StringBuilder();

    private Tree() {}

    static String of(List<Map<String, Object>> versions) {
        Tree tree = new Tree();
        Set<Object> names = new HashSet<>();
        versions.forEach(version -> names.add(version.get("name")));
        List<String> roots = new ArrayList<>();
        for (Map<String, Object> version : versions) {
            String name = (String) version.get("name");
            int at = name.indexOf('@');
            String parent = at >= 0 ? name.substring(0, at) : (String) version.get("origin");
            if (parent != null && names.contains(parent)) {
                tree.children.computeIfAbsent(parent, any -> new ArrayList<>()).add(name);
            } else {
                roots.add(name);
            }
        }
        roots.forEach(root -> tree.add(root, "", ""));
        return tree.text.toString();
    }

    private void add(String name, String branch, String indent) {
        text.append(branch).append(name).append('\n');
        List<String> below = children.getOrDefault(name, List.of());
        for (int i = 0; i < below.size(); i++) {
            boolean isLast = i == below.size() - 1;
            add(
                    below.get(i),
                    indent + (isLast ? "\u2514\u2500 " : "\u251c\u2500 "),
                    indent + (isLast ? "   " : "\u2502  "));
        }
    }
}
