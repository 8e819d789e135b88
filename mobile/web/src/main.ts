import { mount } from "svelte";
import "./look/colours.css";
import "./app.css";
import "./look/paper.css";
import App from "./App.svelte";

const place = document.getElementById("pages");
if (place) mount(App, { target: place });
