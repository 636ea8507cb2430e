//! Microphone, ring and volumes: chosen, kept, unplugged and plugged in.

use softframe_phone::{
    Action, Devices, Input, Mending, Sound,
    view::{Screen, Sheet},
};
use softframe_sim::World;

fn names(all: &[&str]) -> Vec<(String, String)> {
    all.iter().map(|name| (format!("id-{name}"), (*name).to_owned())).collect()
}

fn used(world: &World) -> Devices {
    world.stations[0].devices.last().cloned().unwrap_or_default()
}

#[test]
fn a_microphone_that_is_unplugged_gives_way_to_the_systems_with_a_word_and_comes_back() {
    let mut world = World::pair();
    world.input(0, Input::Microphones(names(&["Built-in", "Jabra"])));
    assert_eq!(world.view(0).toast, None, "the first list is no news");
    world.act(0, Action::Microphone("id-Jabra".into()));
    assert_eq!(used(&world).microphone, "id-Jabra");
    world.input(0, Input::Microphones(names(&["Built-in"])));
    assert_eq!(used(&world).microphone, "");
    let toast = world.view(0).toast.expect("a toast");
    assert_eq!((toast.text.id, toast.text.args[0].1.as_str()), ("news.gone", "Jabra"));
    world.input(0, Input::Microphones(names(&["Built-in", "Jabra"])));
    assert_eq!(used(&world).microphone, "id-Jabra", "what was chosen is used again");
}

#[test]
fn a_headset_that_is_plugged_in_is_offered_and_use_it_takes_both_of_its_ends() {
    let mut world = World::pair();
    world.input(0, Input::Microphones(names(&["Built-in"])));
    world.input(0, Input::Speakers(names(&["Built-in"])));
    world.input(0, Input::Microphones(names(&["Built-in", "Jabra"])));
    world.input(0, Input::Speakers(names(&["Built-in", "Jabra"])));
    let toast = world.view(0).toast.expect("a toast");
    assert_eq!(toast.text.id, "news.device");
    assert_eq!(used(&world).microphone, "", "nothing is taken by itself");
    let (label, action) = toast.action.expect("an action");
    assert_eq!(label.id, "news.useit");
    world.act(0, action);
    assert_eq!(used(&world).microphone, "id-Jabra");
    assert_eq!(world.stations[0].speakers.last().map(String::as_str), Some("id-Jabra"));
    assert_eq!(world.view(0).toast, None);
}

#[test]
fn volumes_and_mending_are_kept_on_the_device() {
    let mut world = World::pair();
    world.act(0, Action::RingVolume(40));
    world.act(0, Action::Volume(250));
    world.act(0, Action::Mend(Mending::Noise, false));
    let store = std::mem::take(&mut world.stations[0].store);
    let next = world.station();
    world.stations[next].store = store;
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    world.run(500);
    world.act(next, Action::OpenSettings);
    let Screen::Settings(settings) = world.view(next).screen else { panic!("the settings") };
    let devices = settings.sound.devices;
    assert_eq!((devices.ring_volume, devices.volume), (40, 100));
    assert_eq!((devices.echo, devices.noise, devices.gain), (true, false, true));
}

#[test]
fn the_ring_can_be_tried_but_not_beside_a_call() {
    let mut world = World::pair();
    world.act(0, Action::TestRing);
    assert_eq!(world.stations[0].sounds.last(), Some(&Sound::TestRing));
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.act(0, Action::TestSpeaker);
    assert!(!world.stations[0].sounds.contains(&Sound::TestSpeaker));
}

#[test]
fn the_sheet_of_a_call_has_both_ends_and_the_volume() {
    let mut world = World::pair();
    world.input(0, Input::Microphones(names(&["Built-in"])));
    world.input(0, Input::Speakers(names(&["Built-in"])));
    world.act(0, Action::OpenRoute);
    let Some(Sheet::Route { speakers, sound, .. }) = world.view(0).sheet else { panic!("the sheet") };
    assert_eq!((speakers.len(), sound.microphones.len(), sound.devices.volume), (2, 2, 100));
}
