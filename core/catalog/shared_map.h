#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace inspector::catalog {

/// An ordered map whose copies share what they have in common: a copy costs nothing, a change makes O(log n) new nodes
/// and leaves every other copy as it was. So a snapshot of a million rows that somebody holds does not make following
/// the catalog slower. Nodes never change once they are made: copies may be used by different threads.
///
/// A tree balanced by weight: no side is more than kDelta times as heavy as the other.
template <typename Key, typename Value>
class SharedMap
{
public:
    using Entry = std::pair<const Key, Value>;

private:
    struct Node;
    using NodePtr = std::shared_ptr<const Node>;
    using EntryPtr = std::shared_ptr<const Entry>;

    struct Node
    {
        EntryPtr entry;
        NodePtr left;
        NodePtr right;
        std::size_t size = 1;
    };

public:
    /// Ascending by key. Valid as long as the map that it came from, unchanged, or a copy of that.
    class Iterator
    {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Entry;
        using difference_type = std::ptrdiff_t;
        using pointer = const Entry*;
        using reference = const Entry&;

        const Entry& operator*() const { return *m_path.back()->entry; }
        const Entry* operator->() const { return m_path.back()->entry.get(); }
        Iterator& operator++()
        {
            const auto* const node = m_path.back();
            m_path.pop_back();
            down(node->right.get());
            return *this;
        }
        friend bool operator==(const Iterator& a, const Iterator& b)
        {
            const auto at = [](const Iterator& it) { return it.m_path.empty() ? nullptr : it.m_path.back(); };
            return at(a) == at(b);
        }

    private:
        friend class SharedMap;

        void down(const Node* node)
        {
            for (; node != nullptr; node = node->left.get())
                m_path.push_back(node);
        }

        std::vector<const Node*> m_path; ///< the entry's node last; before it those that come later
    };

    SharedMap() = default;

    /// Of entries that are sorted by key, each key once.
    [[nodiscard]] static SharedMap ofSorted(std::vector<Entry> entries)
    {
        SharedMap map;
        map.m_root = build(entries, 0, entries.size());
        return map;
    }

    [[nodiscard]] std::size_t size() const { return sizeOf(m_root); }
    [[nodiscard]] bool empty() const { return m_root == nullptr; }
    [[nodiscard]] Iterator begin() const
    {
        Iterator it;
        it.down(m_root.get());
        return it;
    }
    [[nodiscard]] Iterator end() const { return {}; }

    template <typename Like>
    [[nodiscard]] Iterator find(const Like& key) const
    {
        auto it = lowerBound(key);
        return it != end() && !std::less<>()(key, it->first) ? it : end();
    }
    template <typename Like>
    [[nodiscard]] bool contains(const Like& key) const
    {
        return at(key) != nullptr;
    }
    /// The value of a key, or nullptr.
    template <typename Like>
    [[nodiscard]] const Value* at(const Like& key) const
    {
        for (const auto* node = m_root.get(); node != nullptr;) {
            if (std::less<>()(key, node->entry->first))
                node = node->left.get();
            else if (std::less<>()(node->entry->first, key))
                node = node->right.get();
            else
                return &node->entry->second;
        }
        return nullptr;
    }
    /// The first entry whose key is not less.
    template <typename Like>
    [[nodiscard]] Iterator lowerBound(const Like& key) const
    {
        Iterator it;
        for (const auto* node = m_root.get(); node != nullptr;) {
            if (std::less<>()(node->entry->first, key)) {
                node = node->right.get();
            } else {
                it.m_path.push_back(node);
                node = node->left.get();
            }
        }
        return it;
    }

    /// Inserts, or replaces what the key had.
    void put(Key key, Value value)
    {
        m_root = inserted(m_root, std::make_shared<const Entry>(std::move(key), std::move(value)));
    }

    /// False when there was no such key.
    template <typename Like>
    bool erase(const Like& key)
    {
        if (!contains(key))
            return false;
        m_root = erased(m_root, key);
        return true;
    }

private:
    static constexpr std::size_t kDelta = 3; ///< how much heavier a side may be
    static constexpr std::size_t kRatio = 2; ///< from which weight of the inner child a rotation must be double

    static std::size_t sizeOf(const NodePtr& node) { return node == nullptr ? 0 : node->size; }

    static NodePtr join(EntryPtr entry, NodePtr left, NodePtr right)
    {
        const auto size = sizeOf(left) + sizeOf(right) + 1;
        return std::make_shared<const Node>(Node {std::move(entry), std::move(left), std::move(right), size});
    }

    static NodePtr build(std::vector<Entry>& entries, std::size_t from, std::size_t to)
    {
        if (from == to)
            return nullptr;
        const auto middle = from + (to - from) / 2;
        auto left = build(entries, from, middle);
        auto entry = std::make_shared<const Entry>(std::move(entries[middle]));
        auto right = build(entries, middle + 1, to);
        return join(std::move(entry), std::move(left), std::move(right));
    }

    /// The two sides under an entry, one of which may be an entry too heavy.
    static NodePtr balanced(const EntryPtr& entry, const NodePtr& left, const NodePtr& right)
    {
        const auto l = sizeOf(left);
        const auto r = sizeOf(right);
        if (l + r <= 1 || (l <= kDelta * r && r <= kDelta * l))
            return join(entry, left, right);
        if (r > l) {
            if (sizeOf(right->left) < kRatio * sizeOf(right->right))
                return join(right->entry, join(entry, left, right->left), right->right);
            const auto& middle = right->left;
            return join(middle->entry, join(entry, left, middle->left),
                        join(right->entry, middle->right, right->right));
        }
        if (sizeOf(left->right) < kRatio * sizeOf(left->left))
            return join(left->entry, left->left, join(entry, left->right, right));
        const auto& middle = left->right;
        return join(middle->entry, join(left->entry, left->left, middle->left), join(entry, middle->right, right));
    }

    static NodePtr inserted(const NodePtr& node, EntryPtr entry)
    {
        if (node == nullptr)
            return join(std::move(entry), nullptr, nullptr);
        if (std::less<>()(entry->first, node->entry->first))
            return balanced(node->entry, inserted(node->left, std::move(entry)), node->right);
        if (std::less<>()(node->entry->first, entry->first))
            return balanced(node->entry, node->left, inserted(node->right, std::move(entry)));
        return join(std::move(entry), node->left, node->right);
    }

    template <typename Like>
    static NodePtr erased(const NodePtr& node, const Like& key)
    {
        if (std::less<>()(key, node->entry->first))
            return balanced(node->entry, erased(node->left, key), node->right);
        if (std::less<>()(node->entry->first, key))
            return balanced(node->entry, node->left, erased(node->right, key));
        if (node->left == nullptr)
            return node->right;
        if (node->right == nullptr)
            return node->left;
        const auto* first = node->right.get();
        while (first->left != nullptr)
            first = first->left.get();
        const auto entry = first->entry;
        return balanced(entry, node->left, withoutFirst(node->right));
    }

    static NodePtr withoutFirst(const NodePtr& node)
    {
        if (node->left == nullptr)
            return node->right;
        return balanced(node->entry, withoutFirst(node->left), node->right);
    }

    NodePtr m_root;
};

} // namespace inspector::catalog
