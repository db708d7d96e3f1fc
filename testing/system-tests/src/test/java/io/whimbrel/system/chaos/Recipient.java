package io.whimbrel.system.chaos;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An address that letters are for, and its clients, all of whom must have them. */
record Recipient(String address, List<ChaosClient> clients) {
    Recipient {
        clients = List.copyOf(clients);
    }

    /** Each address once. */
    static List<Recipient> of(List<ChaosClient> clients) {
        Map<String, List<ChaosClient>> byAddress = new LinkedHashMap<>();
        clients.forEach(client -> byAddress
                .computeIfAbsent(client.address(), _ -> new ArrayList<>())
                .add(client));
        return byAddress.entrySet().stream()
                .map(address -> new Recipient(address.getKey(), address.getValue()))
                .toList();
    }

    boolean isSlow() {
        return clients.stream().anyMatch(ChaosClient::isSlow);
    }

    /** How many of them have this message. */
    long having(String id) {
        return clients.stream().filter(client -> client.has(id)).count();
    }

    boolean allHave(String id) {
        return having(id) == clients.size();
    }
}
