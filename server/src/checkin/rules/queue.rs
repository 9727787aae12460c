//! The bounded queue before the writer, fair between municipalities, pure.
//!
//! Each municipality has a lane; a batch takes from the lanes in turn, so that the storm of one city waits in its own
//! lane. While half of the queue is free a lane may be as long as it likes; beyond that it may hold no more than an equal
//! share. A device is in one batch at a time, so that batches can be written side by side.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
};

/// There is no room for this lane; the caller gets its item back.
#[derive(Debug, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// A queue of items that belong to an owner (its lane) and a key (at most one in hand).
#[derive(Debug)]
pub struct FairQueue<Owner, Key, T> {
    lanes: HashMap<Owner, VecDeque<(Key, T)>>,
    turns: VecDeque<Owner>,
    in_hand: HashSet<Key>,
    len: usize,
    capacity: usize,
}

impl<Owner: Copy + Eq + Hash, Key: Copy + Eq + Hash, T> FairQueue<Owner, Key, T> {
    /// An empty queue for at most `capacity` items.
    pub fn new(capacity: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), in_hand: HashSet::new(), len: 0, capacity }
    }

    /// Items that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an item at the end of its owner's lane.
    pub fn push(&mut self, owner: Owner, key: Key, item: T) -> Result<(), Full<T>> {
        let waiting = self.lanes.get(&owner).map_or(0, VecDeque::len);
        let lanes = self.lanes.len() + usize::from(waiting == 0);
        let crowded = self.len >= self.capacity / 2;
        if self.len >= self.capacity || crowded && waiting >= (self.capacity / lanes).max(1) {
            return Err(Full(item));
        }
        if waiting == 0 {
            self.turns.push_back(owner);
        }
        self.lanes.entry(owner).or_default().push_back((key, item));
        self.len += 1;
        Ok(())
    }

    /// Takes at most `most` items, one lane after the other, and holds their keys until [`FairQueue::release`]. Items
    /// whose key is in hand stay, in their order.
    pub fn take(&mut self, most: usize) -> Vec<(Key, T)> {
        let mut taken = Vec::with_capacity(most.min(self.len));
        let mut held: Vec<(Owner, Key, T)> = Vec::new();
        while taken.len() < most {
            let Some(owner) = self.turns.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&owner) else { continue };
            if let Some((key, item)) = lane.pop_front() {
                self.len -= 1;
                if self.in_hand.insert(key) {
                    taken.push((key, item));
                } else {
                    held.push((owner, key, item));
                }
            }
            if lane.is_empty() {
                self.lanes.remove(&owner);
            } else {
                self.turns.push_back(owner);
            }
        }
        for (owner, key, item) in held.into_iter().rev() {
            let lane = self.lanes.entry(owner).or_default();
            if lane.is_empty() {
                self.turns.push_back(owner);
            }
            lane.push_front((key, item));
            self.len += 1;
        }
        taken
    }

    /// Lets other items of these keys be taken.
    pub fn release(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            self.in_hand.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn storm_of_one_city_does_not_keep_another_waiting() {
        let mut queue = FairQueue::new(1_000);
        let mut refused = 0;
        for n in 0..2_000 {
            refused += usize::from(queue.push("storm", n, n).is_err());
        }
        assert_eq!(refused, 1_000, "alone it may fill the queue");
        let mut queue = FairQueue::new(1_000);
        for n in 0..600 {
            queue.push("storm", n, n).unwrap();
        }
        for n in 10_000..10_010 {
            queue.push("calm", n, n).unwrap();
        }
        assert_eq!(queue.push("storm", 601, 601), Err(Full(601)), "half is taken, its share is 500");
        let batch: Vec<_> = queue.take(20).into_iter().map(|(key, _)| key).collect();
        assert_eq!(batch.iter().filter(|key| **key >= 10_000).count(), 10);
    }

    #[test]
    fn one_device_is_in_one_batch_at_a_time_and_in_order() {
        let mut queue = FairQueue::new(10);
        for item in ["a", "b"] {
            queue.push(1, 7, item).unwrap();
        }
        assert_eq!(queue.take(10), [(7, "a")]);
        assert_eq!(queue.take(10), []);
        queue.release([7]);
        assert_eq!(queue.take(10), [(7, "b")]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_reordered_within_a_device(
            steps in prop::collection::vec((0_u8..4, 0_u8..6, any::<bool>()), 1..200),
        ) {
            let mut queue = FairQueue::new(32);
            let (mut pushed, mut taken) = (Vec::new(), Vec::new());
            let mut number = 0;
            for (owner, key, take) in steps {
                if take {
                    let batch = queue.take(3);
                    let keys: Vec<_> = batch.iter().map(|(key, _)| *key).collect();
                    taken.extend(batch);
                    queue.release(keys);
                } else if queue.push(owner, (owner, key), number).is_ok() {
                    pushed.push(((owner, key), number));
                    number += 1;
                }
            }
            while !queue.is_empty() {
                let batch = queue.take(100);
                let keys: Vec<_> = batch.iter().map(|(key, _)| *key).collect();
                taken.extend(batch);
                queue.release(keys);
            }
            pushed.sort();
            for key in pushed.iter().map(|(key, _)| *key).collect::<HashSet<_>>() {
                let of = |list: &[((u8, u8), i32)]| list.iter().filter(|(k, _)| *k == key).map(|(_, n)| *n).collect::<Vec<_>>();
                prop_assert_eq!(of(&pushed), of(&taken));
            }
        }
    }
}
